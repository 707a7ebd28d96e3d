"""Tables of what was measured, and the page and the files that keep them."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table; `met` is None where nothing was wanted, or it could not be measured."""

    about: str
    measured: str
    ratio: str = ""
    wanted: str = ""
    met: bool | None = None


def write_page(name: str, raw_name: str, markdown: str, raw: dict[str, Any]) -> None:
    """
    Put *markdown* between the markers *name* of `docs/performance.md`, and the raw figures into a file beside it.

    Raises:
        ValueError: If the page doesn't have both markers.
    """
    page = DOCS / "performance.md"
    begin, end = markers(name)
    text = page.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise ValueError(f"{page.name} has no {begin} … {end}: put both back where the table belongs")
    before, after = text.split(begin)[0], text.split(end)[1]
    page.write_text(f"{before}{begin}\n\n{markdown}\n{end}{after}", encoding="utf-8")
    (DOCS / raw_name).write_text(json.dumps(raw, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def markers(name: str) -> tuple[str, str]:
    """Return what the table called *name* stands between."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def machine(libraries: Iterable[str]) -> dict[str, str]:
    """Return what the figures depend on; the versions of *libraries* among it."""
    told = Path("/proc/cpuinfo")
    models = [line for line in told.read_text().splitlines() if "model name" in line] if told.exists() else []
    return {
        "processor": models[0].partition(":")[2].strip() if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "system": platform.system(),
        **{name: version(name) for name in libraries},
    }


def rows(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *lines])


def mark(line: Line) -> str:
    """Return whether what was wanted is met, in a word."""
    return {True: "yes", False: "no", None: ""}[line.met]


def up(figure: float) -> str:
    """Round what should be small up, so that no figure looks better than it is."""
    return f"{math.ceil(figure * 100 - 1e-9) / 100:.2f}"


def down(figure: float) -> str:
    """Round what should be large down."""
    return f"{math.floor(figure * 10 + 1e-9) / 10:,.1f}"
