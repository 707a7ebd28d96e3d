"""`logconform report`: a JSON report in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from logconform.cli import Failure, fail_on, report_format


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="REPORT.json")
@report_format
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@fail_on
@click.option("--verbose", is_flag=True, help="Show every cause, and why requirements were not tested.")
@click.pass_context
def report(ctx: click.Context, /, **options: Any) -> None:
    """Show REPORT.json, which `run` or `check` wrote, in another format.

    Nothing is judged again: one run of the lab serves the terminal, the job
    summary, code scanning and the badge.

    \b
    Examples:
      logconform report conformance-report.json
      logconform report conformance-report.json --format sarif --output conformance.sarif
      logconform report conformance-report.json --format markdown --fail-on none >> "$GITHUB_STEP_SUMMARY"

    \b
    Exit codes, those of the verdict in the report:
      0  conforms
      1  does not conform (see --fail-on)
      2  usage, or the file is no report
      3  nothing was tested, or it could not be decided
    """
    from logconform.report.again import NotAReport, Options, run
    from logconform.report.output import Unwritable

    try:
        ctx.exit(run(Options(**options)))
    except (NotAReport, Unwritable) as error:
        raise Failure(str(error)) from None
