"""
Measure `logconform check` beside other tools on one generated sample, and say whether it is as quick as it should be.

    python -m tests.benchmarks.field

All tools read the same file, one after another, in several rounds, so that what
else the machine does meets them alike; the best round counts. A time is that of
the whole command, its start included, except for Python's `jsonschema`, which
checks 5,000 records and is counted without its start. Run it on a machine that
does nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console

from tests.benchmarks.contenders import HERE, JSONSCHEMA, OURS, Contender, Missing, Stage
from tests.benchmarks.measure import CommandFailed, first_output, peak_memory, run
from tests.benchmarks.results import Results, terminal_table
from tests.benchmarks.results import write as write_results

ROOT = HERE.parents[1]
STARTS = 7
"""So many times a start is measured."""
LARGE = 10
"""So many times larger is the large sample."""

_DONE, _WRONG = (0,), (1,)
_console = Console(stderr=True)
Value = TypeVar("Value")


class Benchmark:
    """One call: what is measured, in which folder, with which sample."""

    def __init__(self, stage: Stage, results: Results, sample: Path) -> None:
        self.stage, self.results, self.sample = stage, results, sample

    def times(self) -> None:
        """Measure all tools, round by round."""
        results = self.results
        contenders = self.stage.contenders(self.sample, results.jobs)
        for contender in contenders:
            if isinstance(contender, Missing):
                results.missing[contender.name] = contender.reason
        wrong = self.stage.sample(results.records, results.seed, ["every-record"])
        for number in range(1, results.rounds + 1):
            for contender in contenders:
                if isinstance(contender, Contender):
                    self._time(contender, number)
            command = self.stage.ours(wrong, results.jobs)
            told = _told(f"round {number}: every record wrong", lambda: run(command, self.stage.folder, _WRONG))
            results.wrong_seconds.append(told.seconds)
        results.versions = self.stage.versions()

    def _time(self, contender: Contender, number: int) -> None:
        taken = _told(f"round {number}: {contender.name}", lambda: run(contender.command, self.stage.folder))
        count = contender.count(taken.output)
        wanted = self.results.records if contender.name != JSONSCHEMA else min(count, self.results.records)
        if count != wanted or not count:
            raise CommandFailed(f"{contender.name} accepted {count:,} of {wanted:,} records: {taken.output[-500:]}")
        seconds = json.loads(taken.output)["seconds"] if contender.name == JSONSCHEMA else taken.seconds
        self.results.seconds.setdefault(contender.name, []).append(seconds)
        self.results.counted[contender.name] = count

    def memory(self, *, large: bool) -> None:
        """Measure the peak, with a sample that conforms, one in which every record is wrong, and a large one."""
        results = self.results
        self._peak(f"{results.records:,} records", results.records, [])
        self._peak("every record wrong", results.records, ["every-record"])
        if large:
            self._peak(f"{LARGE * results.records:,} records", LARGE * results.records, [])

    def _peak(self, about: str, records: int, faults: list[str]) -> None:
        sample = self.stage.sample(records, self.results.seed, faults)
        command = self.stage.ours(sample, self.results.jobs)
        expected = _WRONG if faults else _DONE
        peak = _told(f"peak memory: {about}", lambda: peak_memory(command, self.stage.folder, expected))
        self.results.memory[about] = peak

    def starts(self) -> None:
        """Measure how long it takes until there is something to see, and until a small sample is judged."""
        small = self.stage.sample(1_000, self.results.seed)
        first = self.stage.ours(self.sample, self.results.jobs)
        whole = self.stage.ours(small, self.results.jobs)
        for _ in range(STARTS):
            self.results.first_output.append(first_output(first, self.stage.folder))
            self.results.small.append(run(whole, self.stage.folder).seconds)
            self.results.nothing.append(run([sys.executable, "-c", "pass"], self.stage.folder).seconds)

    def profile(self) -> None:
        """Find out where the time goes, with a tenth of the sample."""
        sample = self.stage.sample(max(1_000, self.results.records // 10), self.results.seed)
        command = [sys.executable, str(HERE / "time_profile.py"), str(sample)]
        told = _told("profile", lambda: run(command, self.stage.folder))
        self.results.profile = json.loads(told.output.strip().splitlines()[-1])


def _told(about: str, measure: Callable[[], Value]) -> Value:
    """Say what is being measured while it is."""
    with _console.status(about):
        value = measure()
    seconds = getattr(value, "seconds", None)
    peak = getattr(value, "pss", None)
    figure = f": {seconds:.2f} s" if seconds is not None else f": {peak:.0f} MB" if peak is not None else ""
    _console.print(f"{about}{figure}", highlight=False)
    return value


@click.command(help=f"Measure `{OURS}` beside other tools on a generated sample.")
@click.option("--records", type=click.IntRange(min=1_000), default=1_000_000, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--large", is_flag=True, help="Measure the memory of a sample ten times as large, too: 4 GB by default.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=ROOT / "build" / "benchmarks")
@click.option("--write/--no-write", default=True, help="Whether docs/performance.md gets the table.")
def main(records: int, jobs: int, rounds: int, seed: int, large: bool, folder: Path, write: bool) -> None:
    """Measure everything; exit code 1 where something is not as it is wanted, 2 where nothing can be measured."""
    try:
        stage = Stage(folder)
        sample = _told("sample", lambda: stage.sample(records, seed))
        results = Results(records, sample.stat().st_size, seed, jobs, rounds)
        benchmark = Benchmark(stage, results, sample)
        benchmark.times()
        benchmark.memory(large=large)
        benchmark.starts()
        benchmark.profile()
    except (CommandFailed, subprocess.CalledProcessError) as fault:
        click.echo(f"benchmark failed: {fault}", err=True)
        sys.exit(2)
    Console(width=None if sys.stdout.isatty() else 160).print(terminal_table(results))
    if write:
        write_results(results)
    sys.exit(1 if any(line.met is False for line in results.lines()) else 0)


if __name__ == "__main__":
    main()
