"""`logconform diff`: what changed between two reports or two catalogs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from logconform.cli import Failure, fail_on, page_format


@click.command()
@click.argument("before", type=click.Path(path_type=Path), metavar="A.json")
@click.argument("after", type=click.Path(path_type=Path), metavar="B.json")
@page_format
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the comparison to a file.")
@fail_on
@click.pass_context
def diff(ctx: click.Context, /, **options: Any) -> None:
    """Tell what changed from A.json to B.json: two conformance reports, or two catalogs.

    Both are what `check`, `run` or `catalog` write with --format json.

    A regression between reports: a judged requirement newly violated, a
    violated one with more violations per check, a MUST that was passed and is
    not tested any more, or a worse verdict; with --fail-on warning also a
    warning that is new or more frequent, and a SHOULD that was passed and is
    not tested any more. Between catalogs: an event or a field that vanished,
    or a type that changed.

    \b
    Examples:
      logconform diff before.json after.json
      logconform diff before.json after.json --format markdown >> "$GITHUB_STEP_SUMMARY"

    \b
    Exit codes:
      0  no regression
      1  a regression (see --fail-on)
      2  usage, or unreadable input
    """
    from logconform.report.diff_command import Options, run
    from logconform.report.diff_input import NotComparable
    from logconform.report.output import Unwritable

    try:
        ctx.exit(run(Options(**options)))
    except (NotComparable, Unwritable) as error:
        raise Failure(str(error)) from None
