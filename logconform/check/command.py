"""What stands around a check: the configuration, the progress bar, and where the report goes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logconform.check.run import check, total_size
from logconform.check.sources import Progress, Unreadable, find_sources
from logconform.config import load_config
from logconform.report import Look, render
from logconform.report.status import exit_code

WORTH_A_BAR = 4_000_000
"""Samples of fewer bytes are read before a progress bar would be seen."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    paths: Sequence[str]
    form: str = "text"
    output: Path | None = None
    fail_on: str = "violation"
    only: Sequence[str] = ()
    ignore: Sequence[str] = ()
    verbose: bool = False


def run(options: Options) -> int | None:
    """
    Check, write the report, and return the exit code; None where the check was interrupted.

    Raises:
        Unreadable: If a path can't be read, or the report can't be written.
        UnknownRequirement, ConfigError: As `check` does.
    """
    config = load_config(Path.cwd())
    _refuse_output(options)
    with _progress(options.paths) as progress:
        report = check(options.paths, config=config, only=options.only, ignore=options.ignore, progress=progress)
    _write(report, options)
    return None if report["subject"].get("partial") else exit_code(report, options.fail_on)


def _refuse_output(options: Options) -> None:
    """Say before a long read what would fail after it, and never write over a log."""
    if options.output is None:
        return
    if not options.output.parent.is_dir():
        raise Unreadable(f"{options.output}: there is no folder {options.output.parent}; create it first")
    if options.output.resolve() in {Path(source.path).resolve() for source in find_sources(options.paths)}:
        raise Unreadable(f"{options.output}: is one of the logs to read; write the report somewhere else")


def _write(report: dict[str, Any], options: Options) -> None:
    if options.output is None:
        _print(render(report, options.form, _look(options)))
        return
    text = render(report, options.form, Look(verbose=options.verbose))
    try:
        options.output.write_text(text, "utf-8")
    except OSError as error:
        raise Unreadable(f"{options.output}: can't be written ({error.strerror})") from None
    print(f"{report['summary']['verdict'].replace('_', ' ')}: see {options.output}", file=sys.stderr)


def _look(options: Options) -> Look:
    if not sys.stdout.isatty():
        return Look(verbose=options.verbose)
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return Look(verbose=options.verbose, colour=not plain, width=shutil.get_terminal_size().columns)


def _print(text: str) -> None:
    """Write to standard output in UTF-8; a reader that went away (`| head`) is no error."""
    try:
        sys.stdout.buffer.write(text.encode("utf-8"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # What is still buffered would raise again when the interpreter ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextmanager
def _progress(paths: Sequence[str]) -> Iterator[Progress | None]:
    total = total_size(paths) if sys.stderr.isatty() else 0
    if total < WORTH_A_BAR:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda read: bar.advance(task, read)
