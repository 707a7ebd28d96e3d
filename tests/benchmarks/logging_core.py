"""
Measure what the reference worker's logging core costs, beside structlog, python-json-logger and django-structlog.

    python -m tests.benchmarks.logging_core

Three things: one record, what a task's instrumentation costs, and a file that
many processes write to and rotate. Each way runs in a process of its own, one
after another, in several rounds; the best round counts. Run it on a machine
that does nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tests.benchmarks import rotation
from tests.benchmarks.contenders import HERE
from tests.benchmarks.measure import CommandFailed, run
from tests.benchmarks.page import Line, down, machine, mark, rows, up, write_page
from tests.benchmarks.rotation import Rotated

ROOT = HERE.parents[1]
NAME, RAW = "logging core", "performance-logging.json"
LIBRARIES = ("structlog", "orjson", "python-json-logger", "django-structlog", "concurrent-log-handler", "celery")

OURS = "reference_worker.logging"
STRUCTLOG, GUIDE, PYTHON_JSON_LOGGER = "structlog, fastest set-up", "the guide's set-up", "python-json-logger"
DJANGO_STRUCTLOG = "django-structlog"
RECORD_WAYS = {
    OURS: "reference_worker",
    STRUCTLOG: "structlog_fastest",
    GUIDE: "guide",
    PYTHON_JSON_LOGGER: "python_json_logger",
}
TASK_WAYS = {OURS: "instrument_with_reference_worker", DJANGO_STRUCTLOG: "instrument_with_django_structlog"}


@dataclass(slots=True)
class Results:
    """Everything that one call measured; the times of all rounds, in seconds a call."""

    calls: int
    rounds: int
    info: dict[str, list[float]] = field(default_factory=dict)
    debug: dict[str, list[float]] = field(default_factory=dict)
    instrumentation: dict[str, list[float]] = field(default_factory=dict)
    rotated: list[Rotated] = field(default_factory=list)

    def lines(self) -> list[Line]:
        """Return the table's lines."""
        return [*self._records(), *self._tasks(), *self._rotations()]

    def _records(self) -> list[Line]:
        wanted = {STRUCTLOG: ("at most", 1.5), GUIDE: ("at least", 4.0), PYTHON_JSON_LOGGER: ("at least", 2.0)}
        return [
            Line(f"one record: {OURS}, with rotation", _told(self.info[OURS])),
            *(_compared(f"one record: {name}", self.info[OURS], self.info[name], *wanted[name]) for name in wanted),
            Line(f"below the level: {OURS}", _told(self.debug[OURS])),
            _compared(f"below the level: {STRUCTLOG}", self.debug[OURS], self.debug[STRUCTLOG], "at most", 1.2),
        ]

    def _tasks(self) -> list[Line]:
        ours, theirs = (self.instrumentation[name] for name in (OURS, DJANGO_STRUCTLOG))
        return [
            Line(f"a task's instrumentation: {OURS}", _told(ours)),
            _compared(f"a task's instrumentation: {DJANGO_STRUCTLOG}", ours, theirs, "at most", 1.0),
        ]

    def _rotations(self) -> list[Line]:
        ours, library, standard = self.rotated
        ratio = ours.per_second / library.per_second
        return [
            Line(f"rotation: {ours.name}", _account(ours), "", "0 lost, 0 torn", ours.lost == ours.torn == 0),
            Line(
                f"rotation: {library.name}", _account(library), f"{down(ratio)} × its throughput",
                f"at least {rotation.WANTED_TIMES:.0f} ×", ratio >= rotation.WANTED_TIMES,
            ),
            Line(f"rotation: {standard.name}", _account(standard)),
        ]  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Return the raw figures."""
        return {**asdict(self), "machine": machine(LIBRARIES), "table": [asdict(line) for line in self.lines()]}

    def markdown(self) -> str:
        """Return the table for the page, and what it was measured with."""
        told = machine(LIBRARIES)
        versions = ", ".join(f"{name} {told[name]}" for name in ("python", *LIBRARIES))
        head = ("", "measured", OURS, "wanted", "met")
        table = rows(head, [(each.about, each.measured, each.ratio, each.wanted, mark(each)) for each in self.lines()])
        about = f"Best of {self.rounds} rounds of {self.calls:,} calls. {told['processor']}, {told['cores']} cores"
        return f"{about}; {versions}.\n\n{table}\n\nThe raw figures are in [{RAW}]({RAW}).\n"


def _told(seconds: list[float]) -> str:
    return f"{min(seconds) * 1e6:.2f} µs"


def _compared(about: str, ours: list[float], theirs: list[float], bound: str, times: float) -> Line:
    """Return a line that says how many times ours takes (at most), or how many times as quick it is (at least)."""
    if bound == "at most":
        ratio = min(ours) / min(theirs)
        return Line(about, _told(theirs), f"{up(ratio)} × its time", f"at most {times} ×", ratio <= times)
    ratio = min(theirs) / min(ours)
    return Line(about, _told(theirs), f"{down(ratio)} × as fast", f"at least {times:.0f} ×", ratio >= times)


def _account(rotated: Rotated) -> str:
    told = f"{rotated.records:,} records in {rotated.files:,} files, {rotated.per_second:,.0f} records/s"
    return f"{told}: {rotated.lost:,} lost, {rotated.torn:,} torn"


def measure(results: Results, records: int, others: int, say: Callable[[str], None]) -> None:
    """Measure all ways, round by round, and the rotation once."""
    for number in range(1, results.rounds + 1):
        for name, way in RECORD_WAYS.items():
            times = _run(way, results.calls)
            results.info.setdefault(name, []).append(times["info"])
            results.debug.setdefault(name, []).append(times["debug"])
            say(f"round {number}: {name}: {times['info'] * 1e6:.2f} µs, below the level {times['debug'] * 1e6:.2f} µs")
        for name, way in TASK_WAYS.items():
            times = _run(way, results.calls // 4)
            results.instrumentation.setdefault(name, []).append(times["instrumented"] - times["bare"])
            say(f"round {number}: a task, {name}: {(times['instrumented'] - times['bare']) * 1e6:.2f} µs")
    results.rotated = rotation.compare(records, rotation.PROCESSES, others)


def _run(way: str, calls: int) -> dict[str, float]:
    told = run([sys.executable, "-m", "tests.benchmarks.log_ways", way, str(calls)], ROOT)
    times: dict[str, float] = json.loads(told.output)
    return times


def terminal_table(results: Results) -> Table:
    """Return the table for a terminal."""
    table = Table(title=f"{OURS}, best of {results.rounds} rounds of {results.calls:,} calls")
    for name in ("", "measured", OURS, "wanted", ""):
        table.add_column(name, overflow="fold")
    for line in results.lines():
        table.add_row(line.about, line.measured, line.ratio, line.wanted, mark(line))
    return table


@click.command(help=f"Measure `{OURS}` beside other libraries.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--calls", type=click.IntRange(min=100), default=40_000, show_default=True, help="Of each way, a round.")
@click.option("--records", type=click.IntRange(min=1), default=200_000, show_default=True, help="A rotating process's.")
@click.option("--others", type=click.IntRange(min=1), default=20_000, show_default=True, help="The same, slower tools.")
@click.option("--write/--no-write", default=True, help="Whether docs/performance.md gets the table.")
def main(rounds: int, calls: int, records: int, others: int, write: bool) -> None:
    """Measure everything; exit code 1 where something is not as it is wanted, 2 where nothing can be measured."""
    console = Console(stderr=True)
    results = Results(calls, rounds)
    try:
        measure(results, records, others, lambda text: console.print(text, highlight=False))
    except (CommandFailed, subprocess.SubprocessError, RuntimeError) as fault:
        click.echo(f"benchmark failed: {fault}", err=True)
        sys.exit(2)
    Console(width=None if sys.stdout.isatty() else 160).print(terminal_table(results))
    if write:
        write_page(NAME, RAW, results.markdown(), results.as_json())
    sys.exit(1 if any(line.met is False for line in results.lines()) else 0)


if __name__ == "__main__":
    main()
