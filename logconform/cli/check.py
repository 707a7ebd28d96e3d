"""`logconform check`: judge the logs that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from logconform.cli import INTERRUPTED, Failure


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="For people, programs, or CI.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to a file.")
@click.option(
    "--fail-on",
    type=click.Choice(["violation", "warning", "none"]),
    default="violation",
    show_default=True,
    help="What makes the exit code 1.",
)
@click.option("--only", multiple=True, metavar="ID", help="Judge this requirement only. Repeatable.")
@click.option("--ignore", multiple=True, metavar="ID", help="Leave this requirement out. Repeatable.")
@click.option("--verbose", is_flag=True, help="Show every finding, and why requirements were not tested.")
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], form: str, output: Path | None, **options: Any) -> None:
    """Judge log samples: files, folders, patterns, or - for standard input.

    Files are newline-delimited JSON, plain or packed (.gz, .bz2, .xz, .zst).
    Of a folder, the logs below it are read (.ndjson, .jsonl, .log, rotated
    ones too), oldest first. Profiles and waivers come from logconform.toml
    or [tool.logconform] in pyproject.toml, where there is one.

    \b
    Examples:
      logconform check logs/
      logconform check 'logs/worker.log*' --format json --output report.json
      kubectl logs deploy/worker | logconform check - --only CTX005

    \b
    Exit codes:
      0    conforms
      1    does not conform (see --fail-on)
      2    usage, configuration or unreadable input
      3    nothing was tested, or it could not be decided
      130  interrupted; the report covers what was read until then
    """
    from logconform.check.command import Options, run
    from logconform.check.sources import Unreadable
    from logconform.config import ConfigError
    from logconform.contract import UnknownRequirement

    try:
        code = run(Options(paths, form, output, **options))
    except (Unreadable, UnknownRequirement, ConfigError) as error:
        raise Failure(str(error)) from None
    ctx.exit(INTERRUPTED if code is None else code)
