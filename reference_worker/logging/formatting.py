"""A template with its arguments: `"%s of %s" % (2, 5)`, whatever the arguments are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reference_worker.logging.encoding import Plain, plain_text
from reference_worker.logging.execution import guarded_values
from reference_worker.logging.foreign import RAISED, let_signals_through
from reference_worker.logging.values import is_large

LONGEST_ARGUMENT = 524_288
"""Characters of an argument: more than a record has room for."""

LONGEST_SHOWN = 32_768
"""Characters of a large argument, and its members: the whole message has to be looked through once more."""


def formatted(template: object, args: object) -> str:
    """Return *template* with *args*, a tuple or a mapping, in it. Never raises.

    It is as Python formats it; only what is too large for that, or raises, is
    shown as a field would show it. The template alone remains where they do not fit.

    >>> formatted("%s of %d", (2, 5)), formatted("%(a)r", {"a": "x"}), formatted("%d", ("many",))
    ('2 of 5', "'x'", '%d')
    """
    text: str = template if type(template) is str else _shown(template)
    if type(args) is tuple and not args:
        return text
    for how in (_brief, _careful):
        try:
            return str.__mod__(text, _each(how, args))
        except RAISED as fault:
            let_signals_through(fault)
    return text


def _each(how: Callable[[object], object], args: object) -> Any:
    if type(args) is tuple:
        return tuple(map(how, args))
    return _Named(how, args) if issubclass(type(args), Mapping) else (how(args),)  # type: ignore[arg-type]


class _Named:
    """A mapping of arguments; only those that the template names are looked at. A plain `%s` is for the whole."""

    def __init__(self, how: Callable[[object], object], args: Mapping[str, Any]) -> None:
        self._how = how
        self._args = args

    def __getitem__(self, name: str) -> object:
        return self._how(self._args[name])

    def __str__(self) -> str:
        return str(self._how(self._args))

    def __repr__(self) -> str:
        return repr(self._how(self._args))


def _brief(value: object) -> object:
    """Return *value*, or a text in its place if it is large."""
    if type(value) is str:
        return value if len(value) <= LONGEST_ARGUMENT else value[:LONGEST_ARGUMENT]
    return value if _is_number(value) or not is_large(value) else _shown(value)


def _careful(value: object) -> object:
    """Return a text in place of *value*; a number is left alone, as templates show these in more ways."""
    return value if _is_number(value) else _shown(value)


def _shown(value: object) -> str:
    return plain_text(Plain(guarded_values(), LONGEST_SHOWN).value(value))


def _is_number(value: object) -> bool:
    """Whether *value* is a number of a usual length."""
    kind = type(value)
    return kind is float or kind is bool or (kind is int and -(2**64) < value < 2**64)  # type: ignore[operator]
