"""What stands around a check: the configuration, the progress bar, and where the report goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logconform.check.processes import processors
from logconform.check.run import check, report_of, selected, total_size
from logconform.check.sources import Progress, Unreadable, find_sources
from logconform.config import check_requirements, load_config
from logconform.contract import load_contract
from logconform.report import render
from logconform.report.output import Unwritable, look_of_output, publish, refuse_output
from logconform.report.status import exit_code

WORTH_A_BAR = 4_000_000
"""Samples of fewer bytes are read before a progress bar would be seen."""
UNREADABLE = 2
"""Exit code of a check that could not read all of its sample."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. `jobs` None: as many processes as there are processors."""

    paths: Sequence[str]
    form: str = "text"
    output: Path | None = None
    fail_on: str = "violation"
    only: Sequence[str] = ()
    ignore: Sequence[str] = ()
    verbose: bool = False
    jobs: int | None = None
    engine: str = "local"
    scheduler: str | None = None
    follow: bool = False
    task_timeout: float = 3_600.0


def run(options: Options) -> int | None:
    """
    Check, write the report, and return the exit code; None where the check was interrupted.

    Raises:
        Unreadable: If nothing can be read.
        Unwritable: If the report can't be written.
        UnknownRequirement, ConfigError: As `check` does.
    """
    config = load_config(Path.cwd())
    if options.follow:
        return _follow(options)
    sources = find_sources(options.paths)
    refuse_output(options.output, {Path(source.path) for source in sources if source.url is None})
    with _progress(options.paths) as progress:
        report = check(
            options.paths,
            config=config,
            only=options.only,
            ignore=options.ignore,
            progress=progress,
            jobs=options.jobs or processors(),
            scheduler=options.scheduler if options.engine == "dask" else None,
        )
    _write(report, options)
    for problem in report["subject"].get("problems", ()):
        print(f"Error: {problem}", file=sys.stderr)
    if report["subject"].get("partial"):
        return None
    return UNREADABLE if report["subject"].get("problems") else exit_code(report, options.fail_on)


def _follow(options: Options) -> int:
    """Tell findings as they come; at the end write the report, and return the exit code."""
    from logconform.check.follow import follow
    from logconform.check.follow_output import Teller

    config, contract = load_config(Path.cwd()), load_contract()
    kept = selected(contract, options.only, options.ignore)
    check_requirements(config, list(contract))
    refuse_output(options.output, {Path(path) for path in options.paths})
    aside = options.form != "text" and options.output is None
    stream = sys.stderr.buffer if aside else sys.stdout.buffer
    teller = Teller(contract, config, kept, stream=stream, verbose=options.verbose)
    followed = follow(
        options.paths,
        task_timeout=options.task_timeout,
        tell=teller.tell,
        notify=lambda line: print(line, file=sys.stderr),
    )
    subject = {"kind": "sample", "paths": followed.paths, "records": followed.records, "bytes": followed.bytes}
    report = report_of(contract, config, kept, followed.verdicts, subject)
    _write(report, options)
    return exit_code(report, options.fail_on)


def _write(report: dict[str, Any], options: Options) -> None:
    look = look_of_output(options.output, verbose=options.verbose)
    try:
        publish(render(report, options.form, look), options.output)
    except Unwritable:
        if options.output is not None:  # a long check is not thrown away because a disk is full
            publish(render(report, "text", look_of_output(None, verbose=options.verbose)), None)
        raise
    if options.output is not None:
        print(f"{report['summary']['verdict'].replace('_', ' ')}: see {options.output}", file=sys.stderr)


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


__all__ = ["Options", "Unreadable", "Unwritable", "run"]
