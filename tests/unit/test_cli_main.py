"""The frame of the command line: its commands, its help, and how it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import logconform.cli
from logconform import __version__
from logconform.cli import Commands, Failure, main
from logconform.contract import ContractError, load_contract

COMMANDS = ["catalog", "check", "completion", "diff", "examples", "explain", "init", "new", "report", "run"]


def group_with(action: object) -> Commands:
    """Return a group whose only command does *action*."""

    class One(Commands):
        def list_commands(self, ctx: click.Context) -> list[str]:
            return ["act"]

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            return click.Command("act", callback=action)  # type: ignore[arg-type]

    return One("logconform")


def test_every_module_is_a_command() -> None:
    """A command is added by adding its module."""
    modules = [path.stem for path in Path(logconform.cli.__file__).parent.glob("*.py") if path.stem != "__init__"]
    assert Commands("x").list_commands(click.Context(main)) == sorted(modules)
    assert set(COMMANDS) <= set(modules)


def test_the_version_is_told() -> None:
    """`--version` says which program, which version of it, and by which contract it judges."""
    result = CliRunner().invoke(main, ["--version"])
    told = f"logconform, version {__version__}, contract {load_contract().version}\n"
    assert (result.exit_code, result.output) == (0, told)


@pytest.mark.parametrize("command", [[], *[[name] for name in ("check", "examples", "init", "report", "run")]])
def test_help_documents_the_exit_codes(command: list[str]) -> None:
    """Who scripts a command finds its exit codes, and an example to start from."""
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    for code in "0123":
        assert f"\n    {code}  " in result.output
    assert not command or f"    logconform {command[0]} " in result.output


def test_an_unknown_command_is_told_with_the_nearest() -> None:
    """A slip in a command's name costs one look."""
    result = CliRunner().invoke(main, ["chekc"])
    assert result.exit_code == 2
    assert result.stderr.endswith("\nError: no command 'chekc'; did you mean check?\n")


def fail() -> None:
    raise Failure("the disk is gone; mount it")


def slip() -> None:
    raise RuntimeError("nobody thought of this")


def misread() -> None:
    raise ContractError(Path("docs/contract/context.md"), 7, "CTX001 has no statement", "write it")


def lose_file() -> None:
    Path("/nowhere/at/all").read_text()


def interrupt() -> None:
    raise KeyboardInterrupt


FAILURES = [
    (fail, 2, "Error: the disk is gone; mount it\n"),
    (slip, 2, "Error: internal error, please report it: RuntimeError: nobody thought of this\n"),
    (misread, 2, "Error: docs/contract/context.md:7: CTX001 has no statement; write it\n"),
    (lose_file, 2, "Error: /nowhere/at/all: No such file or directory\n"),
    (interrupt, 130, "interrupted\n"),
]


@pytest.mark.parametrize(("action", "code", "message"), FAILURES)
def test_a_failure_is_one_line_and_an_exit_code(action: object, code: int, message: str) -> None:
    """There is never a traceback, and never an exit code that means a verdict."""
    result = CliRunner().invoke(group_with(action), ["act"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", message)


def test_help_is_quick_because_it_imports_little() -> None:
    """Neither Celery nor pytest nor jsonschema is loaded to show a help text."""
    script = (
        "import sys; from logconform.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'celery', 'jsonschema', 'jsonschema_rs', 'pytest', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.endswith("\n[]\n")


def test_the_package_runs_as_a_module() -> None:
    """`python -m logconform` is the command `logconform`."""
    done = subprocess.run(
        [sys.executable, "-m", "logconform", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("Usage: logconform [OPTIONS] COMMAND [ARGS]...\n")
