"""`logconform examples`: judge log fixtures and the examples of Markdown pages."""

from __future__ import annotations

from typing import Any

import click

from logconform.cli import Failure, fail_on, ignore, only
from logconform.completion import file


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", shell_complete=file)
@click.option("--complete", is_flag=True, help="Each fixture is one worker's log, from its start to its end.")
@click.option("--allow-empty", is_flag=True, help="Files without a log record are fine: exit code 0, not 3.")
@fail_on
@only
@ignore
@click.option("--verbose", is_flag=True, help="Show every cause, and which files hold no log record.")
@click.pass_context
def examples(ctx: click.Context, /, **options: Any) -> None:
    """Judge the log records in FILE...: fixtures, and the examples of Markdown pages.

    A fixture (.ndjson, .jsonl, .log) is a sample of its own, and so is each
    fenced block of a page (.md) in json, ndjson or jsonl that shows records:
    objects with two of timestamp, level and event. A record may be spread over
    lines there. Other JSON is left alone. Findings name the line of the page.

    A block that shows what not to do is marked by a word after its language
    (```json violates), a comment before it (<!-- logconform: violates -->), or
    the label **Violates** before it; it then has to violate something. With
    `ignore` in place of `violates` a block is not looked at. What an excerpt
    leaves open, such as a completion without its start, is nobody's fault.

    Profiles and waivers come from logconform.toml or [tool.logconform] in
    pyproject.toml, where there is one. The pre-commit hook `logconform` runs
    this command.

    \b
    Examples:
      logconform examples tests/logs/*.ndjson docs/logging.md
      logconform examples README.md --allow-empty

    \b
    Exit codes:
      0  all records conform
      1  one does not (see --fail-on), or a block is wrongly marked as violating
      2  usage, configuration or unreadable input
      3  there was no log record to judge
    """
    from logconform.check.examples import Options, run
    from logconform.check.sources import Unreadable
    from logconform.config import ConfigError
    from logconform.contract import UnknownRequirement
    from logconform.report.output import Unwritable

    try:
        ctx.exit(run(Options(**options)))
    except (Unreadable, Unwritable, UnknownRequirement, ConfigError) as error:
        raise Failure(str(error)) from None
