"""Any Python value, made one that JSON holds; any exception, made text. Nothing here raises."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import math
import traceback
import uuid
from collections.abc import Mapping
from typing import Any

DEEPEST = 24  # levels of nesting that are written; deeper ones become text
_INT64 = range(-(2**63), 2**63)


def text_of(value: object) -> str:
    """Return *value* as valid Unicode, also where its `__str__` raises.

    >>> text_of(b"a"), text_of("half \\ud800")
    ('a', 'half \\\\ud800')
    """
    try:
        if isinstance(value, str):
            text = str.__str__(value)  # exact: a subclass may do anything in its own
        elif isinstance(value, bytes | bytearray | memoryview):
            text = bytes(value).decode("utf-8", "backslashreplace")
        else:
            text = str.__str__(str(value))
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    except Exception as error:
        return f"<{type(value).__name__}, whose text raises {type(error).__name__}>"


def plain(value: Any, depth: int = 0, inside: tuple[int, ...] = ()) -> Any:
    """Return *value* made of dicts, lists, texts, finite numbers, booleans and None."""
    if value is None or value is True or value is False:
        return value
    try:
        return _plain(value, depth, inside)
    except Exception:
        return text_of(value)


def _plain(value: Any, depth: int, inside: tuple[int, ...]) -> Any:
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1, inside)
    if isinstance(value, int):
        exact = int.__index__(value)
        return exact if exact in _INT64 else str(exact)
    if isinstance(value, float):
        exact_float = float.__float__(value)
        return exact_float if math.isfinite(exact_float) else str(exact_float)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, str | bytes | bytearray | memoryview | uuid.UUID | decimal.Decimal | datetime.timedelta):
        return text_of(value)
    if isinstance(value, BaseException):
        return error_text(value)
    if id(value) in inside:
        return "<cycle>"
    if depth >= DEEPEST:
        return text_of(type(value).__name__)
    return _plain_container(value, depth + 1, (*inside, id(value)))


def _plain_container(value: Any, depth: int, inside: tuple[int, ...]) -> Any:
    if isinstance(value, Mapping):
        members: dict[str, Any] = {}
        for key, member in value.items():
            name = text_of(key)
            while name in members:  # 1 and "1" are different keys
                name += "_"
            members[name] = plain(member, depth, inside)
        return members
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(element, depth, inside) for element in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name, None), depth, inside) for field in dataclasses.fields(value)
        }
    return text_of(value)


def error_text(error: BaseException) -> str:
    """Return the type of *error* and its message.

    >>> error_text(ConnectionError("SMTP server unavailable")), error_text(TimeoutError())
    ('ConnectionError: SMTP server unavailable', 'TimeoutError')
    """
    message = text_of(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def traceback_text(error: BaseException, *, chain: bool = True) -> str:
    """Return the whole traceback of *error*: its causes and groups, no local variables."""
    try:
        shown = traceback.TracebackException(
            type(error), error, error.__traceback__, compact=True, max_group_width=100, max_group_depth=20
        )
        return text_of("".join(shown.format(chain=chain))).rstrip("\n")
    except Exception:
        frames = "".join(traceback.format_tb(error.__traceback__))
        return text_of(f"Traceback (most recent call last):\n{frames}{error_text(error)}")
