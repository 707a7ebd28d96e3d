"""`logconform init`: adopt logconform in a service that is there already."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from logconform.cli import Failure
from logconform.completion import requirements


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--app", metavar="MODULE:ATTR", help="The Celery app, where several are found, or none.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The last day of the new waivers: YYYY-MM-DD."
)
@click.option("--update", is_flag=True, help="Drop waivers that cover nothing, and lower counts; nothing is added.")
@click.option("--force", is_flag=True, help="Accept today's faults beside the waivers that are there.")
@click.option(
    "--only",
    multiple=True,
    metavar="ID[,ID]",
    shell_complete=requirements,
    help="Waive these requirements alone. Repeatable.",
)
@click.option(
    "--repeat", type=click.IntRange(1), default=2, show_default=True, metavar="N", help="Run the suite N times."
)
@click.option("--dry-run", is_flag=True, help="Print the file that would be written, and write nothing.")
@click.pass_context
def init(ctx: click.Context, /, until: datetime | None, **options: Any) -> None:
    """Adopt logconform in the service in FOLDER, as it is today.

    Finds the Celery app, runs the suite on it, and writes what it found as
    waivers into [tool.logconform] of pyproject.toml, or logconform.toml where
    there is no pyproject.toml. `logconform run` then conforms, and can only get
    better: it fails for a new fault, also of a requirement that is waived, and
    for a waiver that covers nothing any more.

    The suite runs twice, and the higher number of faults is written: what
    occurs only sometimes is not new when it occurs again.

    \b
    Examples:
      logconform init
      logconform init --app billing.celery_app:app --until 2026-12-31
      logconform init --dry-run                what would be written
      logconform init --update                 after repairs: waive less
      logconform init --force --only FMT001    accept more of this requirement

    \b
    Exit codes:
      0    `logconform run` conforms now, with the waivers that were written
      1    --update: something is violated beyond what is waived
      2    no app, or usage or configuration
      3    nothing was tested, or it could not be decided
      130  interrupted; nothing was written
    """
    from logconform.adopt.command import NotAnApp, NotFound, NotMeasured, Options, run
    from logconform.config import ConfigError

    ask = _ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    try:
        code = run(Options(until=until.date() if until else None, **options), _say, ask)
    except (ConfigError, NotAnApp, NotFound, NotMeasured) as error:
        raise Failure(str(error)) from None
    ctx.exit(code)


def _say(text: str) -> None:
    click.echo(f"logconform: {text}", err=True)


def _ask(choices: Sequence[str]) -> int:
    for number, choice in enumerate(choices, 1):
        click.echo(f"  {number}  {choice}", err=True)
    chosen: int = click.prompt("Which one", type=click.IntRange(1, len(choices)), default=1, err=True)
    return chosen - 1
