"""What was measured, the lines of the table that follow from it, and where they are kept."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.benchmarks.contenders import AJV, JSONSCHEMA, OURS, PARSE_ONLY, SOURCEMETA
from tests.benchmarks.measure import Memory

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
NOISE = 1.1
"""A peak that is a tenth higher is the same peak."""
_WANTED_THROUGHPUT = {AJV: 4.0, SOURCEMETA: 8.0, JSONSCHEMA: 50.0}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; `met` is None where nothing was wanted, or it could not be measured."""

    about: str
    measured: str
    ratio: str = ""
    wanted: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Results:
    """Everything that one call measured. Times are the best of all rounds, in seconds."""

    records: int
    size: int
    seed: int
    jobs: int
    rounds: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    wrong_seconds: list[float] = field(default_factory=list)
    memory: dict[str, Memory] = field(default_factory=dict)
    first_output: list[float] = field(default_factory=list)
    small: list[float] = field(default_factory=list)
    nothing: list[float] = field(default_factory=list)
    profile: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def per_second(self, name: str) -> float:
        """Return how many records a second a tool did in its best round."""
        return self.counted[name] / min(self.seconds[name])

    def lines(self) -> list[Line]:
        """Return the table's lines."""
        return [
            Line(f"{OURS}, all rules, {self.jobs} processes", self._told(OURS)),
            self._parse_only(),
            *(self._throughput(name, wanted) for name, wanted in _WANTED_THROUGHPUT.items()),
            *self._wrong(),
            *self._memories(),
            *self._starts(),
        ]

    def _told(self, name: str) -> str:
        return f"{min(self.seconds[name]):.2f} s, {self.per_second(name):,.0f} records/s"

    def _parse_only(self) -> Line:
        ratio = min(self.seconds[OURS]) / min(self.seconds[PARSE_ONLY])
        about = f"{PARSE_ONLY}, {self.jobs} processes"
        return Line(about, self._told(PARSE_ONLY), f"{_up(ratio)} × its time", "at most 2.2 ×", ratio <= 2.2)

    def _throughput(self, name: str, wanted: float) -> Line:
        if name in self.missing:
            return Line(f"{name}, 1 process", f"not measured: {self.missing[name]}", wanted=f"at least {wanted:.0f} ×")
        ratio = self.per_second(OURS) / self.per_second(name)
        scaled = f" (from {self.counted[name]:,} records)" if self.counted[name] < self.records else ""
        told = f"{self.per_second(name):,.0f} records/s{scaled}"
        if not scaled:
            told = self._told(name)
        met = ratio >= wanted
        return Line(f"{name}, 1 process", told, f"{_down(ratio)} × its throughput", f"at least {wanted:.0f} ×", met)

    def _wrong(self) -> list[Line]:
        if not self.wrong_seconds:
            return []
        ratio = min(self.wrong_seconds) / min(self.seconds[OURS])
        told = f"{min(self.wrong_seconds):.2f} s"
        return [Line("every record wrong", told, f"{_up(ratio)} × as long", "at most 5 ×", ratio <= 5)]

    def _memories(self) -> list[Line]:
        found = []
        first = next(iter(self.memory.values()), None)
        for about, memory in self.memory.items():
            peak = memory.pss or memory.rss
            told = f"{math.ceil(peak)} MB (processes: {memory.processes}; sum of RSS: {math.ceil(memory.rss)} MB)"
            if first is None or memory is first:
                found.append(Line(f"peak memory, {about}", told, wanted="under 400 MB", met=peak < 400))
                continue
            ratio = peak / (first.pss or first.rss)
            met = peak < 400 and ratio <= NOISE
            found.append(Line(f"peak memory, {about}", told, f"{_up(ratio)} × as much", "the same", met))
        return found

    def _starts(self) -> list[Line]:
        found = []
        if self.first_output:
            first = min(self.first_output)
            found.append(Line("first output on a terminal", f"{_up(first)} s", wanted="under 0.6 s", met=first < 0.6))
        if self.small and self.nothing:
            over = min(self.small) - min(self.nothing)
            told = f"{_up(over)} s over `python -c pass`"
            found.append(Line("1,000 records", told, wanted="under 0.5 s", met=over < 0.5))
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the raw figures."""
        return {**asdict(self), "machine": machine(), "table": [asdict(line) for line in self.lines()]}


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    told = Path("/proc/cpuinfo")
    models = [line for line in told.read_text().splitlines() if "model name" in line] if told.exists() else []
    return {
        "processor": models[0].partition(":")[2].strip() if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "system": platform.system(),
        **{name: version(name) for name in ("orjson", "jsonschema", "jsonschema-rs")},
    }


def terminal_table(results: Results) -> Table:
    """Return the table for a terminal."""
    table = Table(title=f"{results.records:,} records, {results.size / 1e6:,.0f} MB, best of {results.rounds}")
    for name in ("", "measured", "logconform", "wanted", ""):
        table.add_column(name, overflow="fold")
    for line in results.lines():
        table.add_row(line.about, line.measured, line.ratio, line.wanted, _mark(line))
    return table


def write(results: Results) -> None:
    """
    Put the table into `docs/performance.md` and the raw figures beside it.

    Raises:
        ValueError: If the page doesn't have both markers.
    """
    page = DOCS / "performance.md"
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page.name} has no {BEGIN} … {END}: put both back where the table belongs")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{_markdown(results)}\n{END}{after}", encoding="utf-8")
    raw = json.dumps(results.as_json(), indent=2, ensure_ascii=False) + "\n"
    (DOCS / "performance.json").write_text(raw, encoding="utf-8")


def _markdown(results: Results) -> str:
    told = machine() | results.versions
    about = ", ".join(f"{name} {value}" for name, value in told.items() if name not in {"processor", "cores", "system"})
    parts = [
        f"{results.records:,} records, {results.size / 1e6:,.0f} MB, seed {results.seed}; {results.jobs} processes; "
        f"best of {results.rounds}. {told['processor']}, {told['cores']} cores; {about}.",
        _rows(
            ("", "measured", "logconform", "wanted", "met"),
            [(line.about, line.measured, line.ratio, line.wanted, _mark(line)) for line in results.lines()],
        ),
    ]
    if results.profile:
        shares = [(name, f"{share:.0%}") for name, share in _largest(results.profile)]
        parts += ["Where the time of one process goes:", _rows(("in", "share"), shares)]
    parts.append("The raw figures, those of every round, are in [performance.json](performance.json).")
    return "\n".join(f"{part}\n" for part in parts)


def _largest(profile: Mapping[str, float], count: int = 12) -> list[tuple[str, float]]:
    ordered = sorted(profile.items(), key=lambda item: -item[1])
    rest = sum(share for _, share in ordered[count:])
    return ordered[:count] + ([("the rest", rest)] if rest else [])


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _mark(line: Line) -> str:
    return {True: "yes", False: "no", None: ""}[line.met]


def _up(figure: float) -> str:
    """Round what should be small up, so that no figure looks better than it is."""
    return f"{math.ceil(figure * 100 - 1e-9) / 100:.2f}"


def _down(figure: float) -> str:
    """Round what should be large down."""
    return f"{math.floor(figure * 10 + 1e-9) / 10:,.1f}"
