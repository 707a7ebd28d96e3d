"""What completes an argument, and the command that prints the shells' scripts."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from logconform.cli import Commands, main
from logconform.completion import SHELLS
from logconform.contract import load_contract

BROKERS = ["embedded", "filesystem", "rabbitmq"]


def complete(*words: str, begun: str = "") -> list[tuple[str, str]]:
    """Return type and value of what completes *begun* after these words."""
    found = ShellComplete(main, {}, "logconform", "_LOGCONFORM_COMPLETE").get_completions(list(words), begun)
    return [(item.type, item.value) for item in found]


def plain(*values: str) -> list[tuple[str, str]]:
    return [("plain", value) for value in values]


COMPLETED = [
    ((), "exp", plain("explain")),
    (("explain",), "RETRY00", plain(*(name for name in load_contract() if name.startswith("RETRY00")))),
    (("explain",), "ctx005", plain("CTX005")),
    (("explain",), "NOPE", []),
    (("check", "a.log", "--only"), "CTX005", plain("CTX005")),
    (("check", "a.log", "--ignore"), "FMT001", plain("FMT001")),
    (("run", "--only"), "FMT002,ctx005", plain("FMT002,CTX005")),
    (("run", "--pool"), "pre", plain("prefork", "prefork-spawn")),
    (("run", "--broker"), "", plain(*BROKERS)),
    (("run", "--environment"), "solo", plain(*(f"solo-{name}" for name in BROKERS))),
    (("check", "--format"), "j", plain("json", "junit")),
    (("check",), "lo", [("file", "lo")]),
    (("catalog",), "", [("file", "")]),
    (("completion",), "", plain(*SHELLS)),
]


@pytest.mark.parametrize(("words", "begun", "found"), COMPLETED, ids=lambda each: str(each)[:40])
def test_a_word_is_completed(words: tuple[str, ...], begun: str, found: list[tuple[str, str]]) -> None:
    """Commands, requirements in any case, pools, brokers and formats; files are left to the shell."""
    assert complete(*words, begun=begun) == found


def test_every_command_is_completed() -> None:
    """A new command is there with its module."""
    assert [value for _, value in complete()] == Commands("x").list_commands(click.Context(main))


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_is_printed(shell: str) -> None:
    """It names the variable by which the program is asked."""
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_LOGCONFORM_COMPLETE={shell}_complete" in done.stdout


def test_another_shell_is_refused() -> None:
    """With those that there are."""
    done = CliRunner().invoke(main, ["completion", "tcsh"])
    assert done.exit_code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'." in done.stderr


def test_completing_imports_nothing_slow() -> None:
    """A shell waits for it at each TAB."""
    script = (
        "import sys\nfrom click.shell_completion import ShellComplete\nfrom logconform.cli import main\n"
        "for words in [], ['explain'], ['run', '--pool'], ['run', '--only'], ['check', '--only']:\n"
        "    assert ShellComplete(main, {}, 'logconform', 'x').get_completions(words, '')\n"
        "print({'celery', 'jsonschema', 'jsonschema_rs', 'pytest', 'rich', 'kombu', 'psutil', 'yaml'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "set()\n"
