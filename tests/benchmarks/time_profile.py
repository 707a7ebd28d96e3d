"""
Where the time of one process goes: a sample is judged while a timer looks where it is, 1,000 times a second.

    python -m tests.benchmarks.time_profile FILE

Only time on the processor counts. What happens inside a library is counted
where our code called it: a function and what it calls outside of logconform
are one line.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

import click

import logconform

_PACKAGE = str(Path(logconform.__file__).parent)
_EVERY_SECONDS = 0.001


class Sampler:
    """Counts in which function of logconform the process is."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def look(self, number: int, frame: FrameType | None) -> None:
        """Note where the process is now; a handler of SIGPROF."""
        del number
        while frame is not None and not frame.f_code.co_filename.startswith(_PACKAGE):
            frame = frame.f_back
        if frame is None or frame.f_code.co_name == "<module>":
            self.seen["start and imports"] += 1
            return
        module = Path(frame.f_code.co_filename).relative_to(_PACKAGE).as_posix()
        self.seen[f"{module}: {frame.f_code.co_qualname}"] += 1

    def shares(self) -> dict[str, float]:
        """Return each function's share of the time, the largest first."""
        total = sum(self.seen.values()) or 1
        return {place: count / total for place, count in self.seen.most_common()}


@click.command(help="Judge FILE in one process, and print as JSON each function's share of the time.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(file: Path) -> None:
    """Judge, and print the shares."""
    from logconform.cli import main as command

    sampler = Sampler()
    signal.signal(signal.SIGPROF, sampler.look)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)
    try:
        command(["check", str(file), "--output", "report.txt", "--jobs", "1"], standalone_mode=False)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    click.echo(json.dumps(sampler.shares()))


if __name__ == "__main__":
    main()
