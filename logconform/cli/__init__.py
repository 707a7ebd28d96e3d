"""The command line: one module per command, imported when the command is used."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from logconform import __version__
from logconform.completion import requirement
from logconform.report import FORMATS

UNUSABLE = 2
"""Exit code: usage, configuration or unreadable input."""
INTERRUPTED = 130
"""Exit code: ended by Ctrl-C."""

page_format = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="For the terminal, programs, or a page.",
)
fail_on = click.option(
    "--fail-on",
    type=click.Choice(["violation", "warning", "none"]),
    default="violation",
    show_default=True,
    help="What makes the exit code 1.",
)
report_format = click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="For people, programs, or CI.",
)


def _split(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Separate at commas, as `run --only` does; what holds no identifier stays as it is, to be refused."""
    words = ([word.strip() for word in each.split(",") if word.strip()] or [each] for each in given)
    return tuple(word for each in words for word in each)


only = click.option(
    "--only",
    multiple=True,
    metavar="ID[,ID]",
    shell_complete=requirement,
    callback=_split,
    help="Judge this requirement only. Repeatable.",
)
ignore = click.option(
    "--ignore",
    multiple=True,
    metavar="ID[,ID]",
    shell_complete=requirement,
    callback=_split,
    help="Leave this requirement out. Repeatable.",
)


class Failure(click.ClickException):
    """A command can't do its work; the message says why and what to do."""

    exit_code = UNUSABLE


class Commands(click.Group):
    """The commands of this package: a module `name` holds the command `name`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands' names."""
        return sorted(each.name for each in iter_modules(__path__) if not each.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the command that is probably meant where there is none of this name."""
        from difflib import get_close_matches

        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            close = get_close_matches(args[0], known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever goes wrong ends in one line and an exit code, never in a traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            raise _explained(error) from error


def _explained(error: Exception) -> Failure:
    from logconform.contract import ContractError

    if isinstance(error, ContractError):
        return Failure(str(error))
    if isinstance(error, OSError) and error.strerror:
        return Failure(f"{error.filename or 'output'}: {error.strerror}")
    kind = type(error).__name__
    return Failure(f"internal error, please report it: {kind}: {error}")


def _tell_version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    """Tell the contract's version too: two releases can judge by one contract."""
    if not asked or ctx.resilient_parsing:
        return
    from logconform.contract import ContractError, load_contract

    try:
        click.echo(f"logconform, version {__version__}, contract {load_contract().version}")
    except ContractError as error:
        raise Failure(str(error)) from None
    ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Show the versions of logconform and of its contract, and exit.",
)
def main() -> None:
    """Judge the structured logs of Celery workers against a contract.

    \b
    Exit codes:
      0  conforms
      1  does not conform
      2  usage, configuration or unreadable input
      3  nothing was tested, or it could not be decided
    """
