"""What stands around a catalog: its sources, its format, and where it goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from logconform.check.catalogue import page, table
from logconform.check.catalogue.document import document
from logconform.check.catalogue.engine import Survey
from logconform.check.processes import processors
from logconform.check.sources import STDIN, Progress, Source, find_sources
from logconform.report.output import look_of_output, publish, refuse_output

FORMATS = ("text", "json", "markdown")
_WORTH_A_BAR = 20_000_000  # bytes; less is read before a bar would be seen


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. No *jobs* means every processor."""

    paths: Sequence[str]
    form: str = "text"
    output: Path | None = None
    jobs: int | None = None
    verbose: bool = False


def run(options: Options) -> int | None:
    """
    Make the catalog, write it, and return the exit code; None where it was interrupted.

    Raises:
        Unreadable: If a path names nothing.
        Unwritable: If the catalog can't be written.
    """
    sources = find_sources(options.paths)
    refuse_output(options.output, {Path(each.path) for each in sources if each.path != STDIN})
    with _progress(sources) as progress:
        survey = Survey(sources, progress)
        survey.run(options.jobs or processors())
    made = document(survey.catalog, survey.subject())
    publish(_text(made, options), options.output)
    for problem in survey.problems:
        print(f"Error: {problem}", file=sys.stderr)
    if survey.partial:
        return None
    if survey.problems:
        return 2
    return 0 if survey.catalog.records else 3


def _text(made: Mapping[str, Any], options: Options) -> str:
    if options.form == "json":
        return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode("utf-8")
    if options.form == "markdown":
        return page.render(made)
    return table.render(made, look_of_output(options.output, verbose=options.verbose))


@contextmanager
def _progress(sources: Sequence[Source]) -> Iterator[Progress | None]:
    sizes = [each.size for each in sources]
    if not sys.stderr.isatty() or not all(sizes) or sum(sizes) < _WORTH_A_BAR:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=sum(sizes))
        yield lambda read: bar.advance(task, read)
