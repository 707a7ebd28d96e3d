"""`logconform catalog`: which events a sample holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from logconform.cli import INTERRUPTED, Failure, page_format
from logconform.completion import file


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=file)
@page_format
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the catalog to a file.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to read with.  [default: all cores]")
@click.option("--verbose", is_flag=True, help="Show the fields of each event in the text too.")
@click.pass_context
def catalog(ctx: click.Context, /, paths: tuple[str, ...], form: str, output: Path | None, **options: Any) -> None:
    """List the events that log samples hold: files, folders, patterns, or - for standard input.

    Per service, logger and event: how many records, their levels, when they
    were first and last seen, the fields with their types and an example.
    Secrets are masked. Events that differ only in a number, an id or a quoted
    word are one entry, with … for what varies.

    \b
    Examples:
      logconform catalog logs/
      logconform catalog 'logs/worker.log*' --format json --output events.json
      kubectl logs deploy/worker | logconform catalog - --format markdown

    \b
    Exit codes:
      0    a catalog was made
      2    usage, or unreadable input; the catalog covers what could be read
      3    the sample holds no record
      130  interrupted; the catalog covers what was read until then
    """
    from logconform.check.catalogue.command import Options, run
    from logconform.check.sources import Unreadable
    from logconform.report.output import Unwritable

    try:
        code = run(Options(paths, form, output, **options))
    except (Unreadable, Unwritable) as error:
        raise Failure(str(error)) from None
    ctx.exit(INTERRUPTED if code is None else code)
