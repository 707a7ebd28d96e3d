"""The table of all cells, and the file that keeps it."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from tests.outcomes.observed import Cell, Signal

DOCS = Path(__file__).parents[2] / "docs" / "reference"
DATA, PAGE = DOCS / "celery-outcomes.json", DOCS / "celery-outcomes.md"
LIBRARIES = ("celery", "kombu", "billiard", "gevent")


@dataclass(frozen=True, slots=True)
class Table:
    """What was seen, by outcome and pool, and the versions that it was seen with."""

    cells: Mapping[str, Mapping[str, Cell]]
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def pools(self) -> list[str]:
        """The pools, in the order of the run."""
        return list(dict.fromkeys(pool for row in self.cells.values() for pool in row))

    def signals(self, outcome: str, pool: str, place: str = "") -> list[Signal]:
        """Return a cell's signals, strand by strand; only those of a *place*, if one is given."""
        strands = self.cells[outcome][pool].strands
        return [signal for each in strands if place in {"", each.place} for signal in each.signals]

    def every(self, signal: str) -> Iterator[tuple[str, str, str, Signal]]:
        """Yield outcome, pool, place and signal for every signal of this name."""
        for outcome, row in self.cells.items():
            for pool, cell in row.items():
                for strand in cell.strands:
                    yield from ((outcome, pool, strand.place, each) for each in strand.signals if each.signal == signal)

    def to_json(self) -> str:
        """Return the data file: a cell a line, so that a difference shows where it is."""
        rows = []
        for outcome, row in self.cells.items():
            cells = [f"   {json.dumps(pool)}: {json.dumps(cell.to_json())}" for pool, cell in row.items()]
            rows.append(f"  {json.dumps(outcome)}: {{\n" + ",\n".join(cells) + "\n  }")
        return f'{{\n "versions": {json.dumps(self.versions)},\n "outcomes": {{\n' + ",\n".join(rows) + "\n }\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Table:
        """Return what `to_json` made."""
        made = json.loads(text)
        cells = {
            outcome: {pool: Cell.from_json(cell) for pool, cell in row.items()}
            for outcome, row in made["outcomes"].items()
        }
        return cls(cells, made["versions"])


def installed_versions() -> dict[str, str]:
    """Return what the table depends on; of Python, without the last figure."""
    major, minor, _ = platform.python_version_tuple()
    return {"python": f"{major}.{minor}", **{name: version(name) for name in LIBRARIES}}
