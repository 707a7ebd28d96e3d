"""
Completion in a shell: the script that turns it on, and the words that complete an argument.

At each TAB the shell starts a process, so nothing slow is imported here.
"""

from __future__ import annotations

from click import Command, Context, Parameter
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "logconform"
VARIABLE = "_LOGCONFORM_COMPLETE"
"""Tells `logconform` that a shell asks, and how it reads the answer; click derives the name from the program's."""


def script_for(shell: str, program: Command) -> str:
    """
    Return the script that makes *shell*, one of `SHELLS`, complete what is written after `logconform`.

    >>> "complete" in script_for("fish", Command("logconform"))
    True
    """
    kind = get_completion_class(shell)
    assert kind is not None, shell
    return kind(program, {}, PROGRAM, VARIABLE).source()


def requirement(_context: Context | None, _parameter: Parameter | None, begun: str) -> list[CompletionItem]:
    """
    Return the identifiers that begin so, in any case, with the requirements' titles.

    >>> [item.value for item in requirement(None, None, "ctx00")][:2]
    ['CTX001', 'CTX002']
    """
    from logconform.contract import load_contract

    wanted = begun.upper()
    return [CompletionItem(each.id, help=each.title) for each in load_contract().values() if each.id.startswith(wanted)]


def requirements(context: Context | None, parameter: Parameter | None, begun: str) -> list[CompletionItem]:
    """
    Complete the last of several identifiers that commas separate.

    >>> [item.value for item in requirements(None, None, "CTX001,FMT0")][:2]
    ['CTX001,FMT001', 'CTX001,FMT002']
    """
    before, comma, last = begun.rpartition(",")
    found = requirement(context, parameter, last)
    return [CompletionItem(before + comma + each.value, help=each.help) for each in found]


def broker(_context: Context | None, _parameter: Parameter | None, begun: str) -> list[CompletionItem]:
    """Return the brokers that have a name; any other is an address."""
    from logconform.lab.broker_names import BROKERS

    return [CompletionItem(name) for name in BROKERS if name.startswith(begun)]


def environment(context: Context | None, parameter: Parameter | None, begun: str) -> list[CompletionItem]:
    """Return pools on brokers, as `--environment` names them."""
    from logconform.lab.pools import POOLS

    names = [f"{pool}-{each.value}" for pool in POOLS for each in broker(context, parameter, "")]
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def file(_context: Context | None, _parameter: Parameter | None, begun: str) -> list[CompletionItem]:
    """Leave it to the shell to find files."""
    return [CompletionItem(begun, type="file")]
