"""What was measured of the check of a large sample, and the lines of the table that follow from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from tests.benchmarks.contenders import AJV, JSONSCHEMA, OURS, PARSE_ONLY, SOURCEMETA
from tests.benchmarks.measure import Memory
from tests.benchmarks.page import Line, down, machine, mark, rows, up, write_page

NAME, RAW = "benchmarks", "performance.json"
LIBRARIES = ("orjson", "jsonschema", "jsonschema-rs")
NOISE = 1.1
"""A peak that is a tenth higher is the same peak."""
_WANTED_THROUGHPUT = {AJV: 4.0, SOURCEMETA: 8.0, JSONSCHEMA: 50.0}


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
        return Line(about, self._told(PARSE_ONLY), f"{up(ratio)} × its time", "at most 2.2 ×", ratio <= 2.2)

    def _throughput(self, name: str, wanted: float) -> Line:
        if name in self.missing:
            return Line(f"{name}, 1 process", f"not measured: {self.missing[name]}", wanted=f"at least {wanted:.0f} ×")
        ratio = self.per_second(OURS) / self.per_second(name)
        scaled = f" (from {self.counted[name]:,} records)" if self.counted[name] < self.records else ""
        told = f"{self.per_second(name):,.0f} records/s{scaled}"
        if not scaled:
            told = self._told(name)
        met = ratio >= wanted
        return Line(f"{name}, 1 process", told, f"{down(ratio)} × its throughput", f"at least {wanted:.0f} ×", met)

    def _wrong(self) -> list[Line]:
        if not self.wrong_seconds:
            return []
        ratio = min(self.wrong_seconds) / min(self.seconds[OURS])
        told = f"{min(self.wrong_seconds):.2f} s"
        return [Line("every record wrong", told, f"{up(ratio)} × as long", "at most 5 ×", ratio <= 5)]

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
            found.append(Line(f"peak memory, {about}", told, f"{up(ratio)} × as much", "the same", met))
        return found

    def _starts(self) -> list[Line]:
        found = []
        if self.first_output:
            first = min(self.first_output)
            found.append(Line("first output on a terminal", f"{up(first)} s", wanted="under 0.6 s", met=first < 0.6))
        if self.small and self.nothing:
            over = min(self.small) - min(self.nothing)
            told = f"{up(over)} s over `python -c pass`"
            found.append(Line("1,000 records", told, wanted="under 0.5 s", met=over < 0.5))
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the raw figures."""
        return {**asdict(self), "machine": machine(LIBRARIES), "table": [asdict(line) for line in self.lines()]}


def terminal_table(results: Results) -> Table:
    """Return the table for a terminal."""
    table = Table(title=f"{results.records:,} records, {results.size / 1e6:,.0f} MB, best of {results.rounds}")
    for name in ("", "measured", "logconform", "wanted", ""):
        table.add_column(name, overflow="fold")
    for line in results.lines():
        table.add_row(line.about, line.measured, line.ratio, line.wanted, mark(line))
    return table


def write(results: Results) -> None:
    """
    Put the table into `docs/performance.md` and the raw figures beside it.

    Raises:
        ValueError: If the page doesn't have both markers.
    """
    write_page(NAME, RAW, _markdown(results), results.as_json())


def _markdown(results: Results) -> str:
    told = machine(LIBRARIES) | results.versions
    about = ", ".join(f"{name} {value}" for name, value in told.items() if name not in {"processor", "cores", "system"})
    parts = [
        f"{results.records:,} records, {results.size / 1e6:,.0f} MB, seed {results.seed}; {results.jobs} processes; "
        f"best of {results.rounds}. {told['processor']}, {told['cores']} cores; {about}.",
        rows(
            ("", "measured", "logconform", "wanted", "met"),
            [(line.about, line.measured, line.ratio, line.wanted, mark(line)) for line in results.lines()],
        ),
    ]
    if results.profile:
        shares = [(name, f"{share:.0%}") for name, share in _largest(results.profile)]
        parts += ["Where the time of one process goes:", rows(("in", "share"), shares)]
    parts.append(f"The raw figures, those of every round, are in [{RAW}]({RAW}).")
    return "\n".join(f"{part}\n" for part in parts)


def _largest(profile: Mapping[str, float], count: int = 12) -> list[tuple[str, float]]:
    ordered = sorted(profile.items(), key=lambda item: -item[1])
    rest = sum(share for _, share in ordered[count:])
    return ordered[:count] + ([("the rest", rest)] if rest else [])
