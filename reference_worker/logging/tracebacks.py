"""An exception as text: the short form, and the whole traceback. Never raises, never shows local variables.

Python's own way of formatting takes as long as the exception is large. It is
used for what fits on a few pages; of the rest a part is shown.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from itertools import islice
from typing import Any

from reference_worker.logging.foreign import RAISED, let_signals_through, own
from reference_worker.logging.values import is_large, type_name

LONGEST_MESSAGE = 524_288
"""Characters of a message: more than a record has room for."""

LONGEST_FORMATTED = 16_384
"""Characters of a message, and of all notes, that Python formats."""

MOST_EXCEPTIONS = 16
"""Exceptions of a chain or group that are shown."""

MOST_FRAMES = 200
"""Frames that are shown, of all exceptions together: of each the innermost."""

_MADE_OF_ARGUMENTS = (BaseException.__str__, KeyError.__str__, OSError.__str__)


def describe_exception(exception: BaseException) -> str:
    """Return `Type: message`, or the type alone where there is no message.

    >>> describe_exception(ConnectionError("SMTP server unavailable"))
    'ConnectionError: SMTP server unavailable'
    """
    name = type_name(type(exception))
    message = _message(exception)
    return f"{name}: {message}" if message else name


def whole_traceback(exception: BaseException) -> str:
    """Return the traceback of *exception* with causes, groups and notes, as one text."""
    shown = list(islice(_related(exception), MOST_EXCEPTIONS + 1))
    try:
        if len(shown) <= MOST_EXCEPTIONS and all(map(_is_moderate, shown)):
            limit = -(MOST_FRAMES // len(shown))
            trace = own(exception, "__traceback__")
            report = traceback.TracebackException(type(exception), exception, trace, limit=limit, capture_locals=False)
            return "".join(report.format()).rstrip("\n")
    except RAISED as fault:  # an exception that cannot even be taken apart
        let_signals_through(fault)
    return _in_short(shown)


def chained(exception: BaseException) -> Iterator[BaseException]:
    """Yield *exception* and everything it came from, each once."""
    return _related(exception, groups=False)


def exception_of(told: object) -> BaseException | None:
    """Return the exception that an `exc_info` is about: one, a tuple with one, or whether to take the current one."""
    kind = type(told)
    if issubclass(kind, BaseException):
        return told  # type: ignore[return-value]
    if issubclass(kind, tuple):
        parts: Iterator[Any] = tuple.__iter__(told)  # type: ignore[arg-type]
        return next((part for part in parts if issubclass(type(part), BaseException)), None)
    nothing = told is None or (kind in (bool, int, str) and not told)
    return None if nothing else sys.exc_info()[1]


def _related(exception: BaseException, *, groups: bool = True) -> Iterator[BaseException]:
    """Yield *exception*, what it came from, and the members of groups, as often as Python would show them."""
    seen = {id(exception)}
    waiting = [exception]
    while waiting:
        current = waiting.pop(0)
        yield current
        for origin in (own(current, "__cause__"), own(current, "__context__")):
            if origin is not None and id(origin) not in seen:
                seen.add(id(origin))
                waiting.append(origin)
        if groups and issubclass(type(current), BaseExceptionGroup):
            waiting += BaseExceptionGroup.__dict__["exceptions"].__get__(current)[:MOST_EXCEPTIONS]


def _message(exception: BaseException) -> str:
    try:
        if _has_large_arguments(exception):
            args = (f"<large {type_name(type(arg))}>" if is_large(arg) else repr(arg) for arg in own(exception, "args"))
            return ", ".join(islice(args, MOST_EXCEPTIONS))
        return str.__str__(str(exception))[:LONGEST_MESSAGE]
    except RAISED as fault:
        let_signals_through(fault)
        return "<exception str() failed>"


def _has_large_arguments(exception: BaseException) -> bool:
    """Whether Python would make its message of large arguments; a text alone mostly is the message."""
    made = type(exception).__str__
    args = own(exception, "args")
    is_message = len(args) == 1 and type(args[0]) is str and made is BaseException.__str__
    return made in _MADE_OF_ARGUMENTS and not is_message and is_large(args)


def _is_moderate(exception: BaseException) -> bool:
    """Whether Python formats the exception itself, without those it came from, in little time."""
    notes: Any = getattr(exception, "__notes__", [])
    texts = [_message(exception), *(notes if type(notes) is list else [notes])]
    if isinstance(exception, SyntaxError):  # its line of code, and what marks a part of it
        texts += [exception.text or "", "^" * min(exception.end_offset or 0, LONGEST_FORMATTED + 1)]
    return (
        not _has_large_arguments(exception)
        and len(texts) <= MOST_FRAMES
        and all(type(text) is str for text in texts)
        and sum(map(len, texts)) <= LONGEST_FORMATTED
    )


def _in_short(exceptions: list[BaseException]) -> str:
    """Return the tracebacks one below the other, that of the exception itself first, as far as there is room."""
    parts: list[str] = []
    for exception in exceptions[:MOST_EXCEPTIONS]:
        if sum(map(len, parts)) > LONGEST_MESSAGE:
            break
        parts.append(_frames_and_message(exception, -(MOST_FRAMES // len(exceptions))))
    more = ["[more exceptions]"] if len(exceptions) > len(parts) else []
    return "\n\nIt came from, or was a group with:\n\n".join(parts + more)


def _frames_and_message(exception: BaseException, limit: int) -> str:
    try:
        stack = "".join(traceback.format_tb(own(exception, "__traceback__"), limit))
    except Exception:
        stack = ""
    return f"Traceback (most recent call last):\n{stack}{describe_exception(exception)}"
