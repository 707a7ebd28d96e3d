"""`logconform check`: judge the logs that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from logconform.cli import INTERRUPTED, Failure, fail_on, ignore, only, report_format
from logconform.completion import file


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=file)
@report_format
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to a file.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to judge with. [default: all processors]"
)
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or the workers of a Dask cluster.",
)
@click.option("--scheduler", metavar="ADDRESS", help="The Dask scheduler, such as tcp://host:8786.")
@click.option("--follow", is_flag=True, help="Judge what is written from now on, until Ctrl-C; see above.")
@click.option(
    "--task-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=3_600.0,
    show_default=True,
    metavar="SECONDS",
    help="With --follow: a task silent for longer is reported.",
)
@fail_on
@only
@ignore
@click.option("--verbose", is_flag=True, help="Show every cause, and why requirements were not tested.")
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], form: str, output: Path | None, **options: Any) -> None:
    """Judge log samples of any size: files, folders, patterns, addresses, or - for standard input.

    Lines of JSON, plain or packed (.gz, .bz2, .xz, .zst), also as Docker, CRI,
    journald, fluentd, kubectl, docker compose, syslog or a log store wrap
    them: that is told from the first lines. Of a folder the logs below it are read (.ndjson, .jsonl,
    .log, rotated ones too, oldest first); s3://, https:// and the like need
    logconform[remote]. Several services in one sample are judged apart.
    Profiles and waivers come from logconform.toml or [tool.logconform] in
    pyproject.toml, where there is one.

    With --follow, the last 1 MB of a file only tells which tasks are running;
    what is written from now on is judged, and findings are told as they come.
    A file may be rotated, truncated or deleted meanwhile, or not be there yet.

    \b
    Examples:
      logconform check logs/
      logconform check 'logs/worker.log*' --format json --output report.json
      kubectl logs deploy/worker | logconform check - --only CTX005
      logconform check /var/log/worker.log --follow --task-timeout 600
      logconform check s3://logs/2025-09-12/ --engine dask --scheduler tcp://host:8786

    \b
    Exit codes:
      0    conforms
      1    does not conform (see --fail-on)
      2    usage, configuration, or something could not be read or written
      3    nothing was tested, or it could not be decided
      130  interrupted; the report covers what was read until then
    """
    from logconform.check.command import Options, Unreadable, Unwritable, run
    from logconform.config import ConfigError
    from logconform.contract import UnknownRequirement

    _refuse(options, paths)
    try:
        code = run(Options(paths, form, output, **options))
    except (Unreadable, Unwritable, UnknownRequirement, ConfigError) as error:
        raise Failure(str(error)) from None
    ctx.exit(INTERRUPTED if code is None else code)


def _refuse(options: dict[str, Any], paths: tuple[str, ...]) -> None:
    if options["engine"] == "dask" and not options["scheduler"]:
        raise click.UsageError("--engine dask needs --scheduler, such as tcp://host:8786")
    if options["scheduler"] and options["engine"] != "dask":
        raise click.UsageError("--scheduler goes with --engine dask")
    if options["follow"] and (options["engine"] == "dask" or any("://" in path for path in paths)):
        raise click.UsageError("--follow reads files of this machine, or standard input")
