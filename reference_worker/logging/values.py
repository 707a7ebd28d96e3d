"""What a value is made of, told by its type alone.

What a value says of itself (`__class__`, its length, its iterator, whether it
is true) may be a lie or an exception. What is built in is therefore read with
the methods of the built-in type.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from typing import Any
from uuid import UUID

from reference_worker.logging.foreign import own

LARGE = 4_096
"""Members, or 64s of characters, above which a value is not formatted as Python does it, for the time that takes."""

TYPES_KNOWN = 1_024
"""Types whose kind is remembered."""


def type_name(kind: type) -> str:
    """Return the name of a type, of at most 100 characters; a metaclass cannot tell another."""
    name: str = type.__dict__["__name__"].__get__(kind)
    return name[:100].encode("utf-8", "backslashreplace").decode()


@lru_cache(TYPES_KNOWN)
def scalar_of(kind: Any) -> Callable[[Any], Any] | None:
    """Return what turns a value of *kind* into a text, a number or a flag; None for any other kind.

    >>> scalar_of(UUID)(UUID(int=1)), scalar_of(float)(float("nan")), scalar_of(list)
    ('00000000-0000-0000-0000-000000000001', 'NaN', None)
    """
    for base in kind.__mro__:
        if base in _SCALARS:
            return _SCALARS[base]
        if base.__module__ == "numpy" and base.__name__ == "generic":
            return _numpy_scalar
    return None


@lru_cache(TYPES_KNOWN)
def pairs_of(kind: Any) -> Callable[[Any], Iterable[tuple[Any, Any]]] | None:
    """Return what yields the members of a mapping, a named tuple or an object with declared fields; None for others.

    A field that its class keeps out of its `repr` is left out.
    """
    if issubclass(kind, dict):
        return dict.items
    if issubclass(kind, Mapping):
        return lambda value: value.items()
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return lambda value: zip(kind._fields, tuple.__iter__(value), strict=False)
    names = _declared(kind)
    return None if names is None else lambda value: ((name, getattr(value, name, None)) for name in names())


@lru_cache(TYPES_KNOWN)
def members_of(kind: Any) -> Callable[[Any], Iterable[Any]] | None:
    """Return what yields the members of a list, tuple, set, deque or view of a dict; None for others.

    Generators and other iterators are left alone: whoever made them still needs them.
    """
    return next((_ITERATORS[base] for base in kind.__mro__ if base in _ITERATORS), None)


def is_large(value: object) -> bool:
    """Whether formatting *value* as Python does it would take long.

    >>> is_large("text"), is_large([["x" * 10_000_000]]), is_large(range(10**9))
    (False, True, False)
    """
    waiting: list[object] = [value]
    size = 0
    while waiting and size <= LARGE:
        current = waiting.pop()
        kind = type(current)
        if kind in _TEXTS:
            size += len(current) // 64  # type: ignore[arg-type]
        elif kind not in _SMALL:
            inside = list(islice(_inside(current), LARGE))
            size += len(inside) + 1
            waiting += inside
    return size > LARGE


def _inside(value: object) -> Iterable[Any]:
    kind: Any = type(value)
    if issubclass(kind, BaseException):
        return own(value, "args")  # type: ignore[arg-type, no-any-return]
    pairs = pairs_of(kind)
    if pairs is not None:
        return chain.from_iterable(pairs(value))
    members = members_of(kind)
    return () if members is None else members(value)


def _declared(kind: Any) -> Callable[[], Iterable[str]] | None:
    """Return what yields the names of the fields that a dataclass, or a class of attrs or pydantic, declares."""
    if dataclasses.is_dataclass(kind):
        return lambda: (field.name for field in dataclasses.fields(kind) if field.repr)
    if hasattr(kind, "__attrs_attrs__"):
        return lambda: (field.name for field in kind.__attrs_attrs__ if field.repr is True)
    if hasattr(kind, "__pydantic_fields__"):
        fields = kind.__pydantic_fields__
        return lambda: (name for name, field in fields.items() if field.repr and not field.exclude)
    return None


def _integer(value: int) -> int | str:
    exact = int.__pos__(value)
    if -(2**63) <= exact < 2**64:
        return exact
    return str(exact) if exact.bit_length() < 8192 else f"<integer of {exact.bit_length()} bits>"


def _float(value: float) -> float | str:
    exact = float.__pos__(value)  # a plain one, minus zero included
    if math.isnan(exact):
        return "NaN"
    if math.isinf(exact):
        return "Infinity" if exact > 0 else "-Infinity"
    return exact


def _numpy_scalar(value: Any) -> bool | float | str:
    item = value.item() if value.dtype.kind in "biuf" else None  # a flag or a number; dates are shown as text
    if isinstance(item, bool):
        return item
    if isinstance(item, int):
        return _integer(item)
    return _float(item) if isinstance(item, float) else str(value)


_TEXTS = frozenset({str, bytes, bytearray})
_SMALL = frozenset({type(None), bool, int, float})

# The first of a type's bases counts: a `datetime` is a `date` too.
_SCALARS: Mapping[type, Callable[[Any], Any]] = {
    str: str.__str__,
    int: _integer,
    float: _float,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: timedelta.total_seconds,
    UUID: UUID.__str__,
    Decimal: Decimal.__str__,
    type: lambda kind: f"{kind.__module__}.{kind.__qualname__}",
}

_VIEWS: tuple[Any, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_ITERATORS: Mapping[type, Callable[[Any], Iterable[Any]]] = {
    kind: kind.__iter__ for kind in (list, tuple, set, frozenset, deque, *_VIEWS)
}
