"""Any value as JSON, and any record as one line of bounded length. Nothing here raises."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from reference_worker.logging.redaction import MASK, must_mask, redact_text
from reference_worker.logging.tracebacks import describe_exception

LONGEST_RECORD = 262_144
"""Bytes of a record, its newline included (FMT011)."""

DEEPEST = 32
"""Levels of nesting that are shown."""

Json = Any
"""None, bool, int, float, str, list of Json or dict of str to Json."""

# A line ends only where the record does, and a terminal obeys nothing in it: JSON
# escapes the C0 controls; DEL, the C1 controls and Unicode's line ends are left to us.
_UNSAFE = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")


def as_text(value: object) -> str:
    """Return the text of one *value*; a container comes without the secrets it holds.

    >>> as_text(12), as_text({"password": "x"})
    ('12', '{"password":"[redacted]"}')
    """
    plain = Plain().value(value)
    if isinstance(plain, str):
        return plain
    return orjson.dumps(plain).decode() if isinstance(plain, (dict, list)) else str(plain)


class Plain:
    """Turns values into JSON values, without the secrets in them.

    One instance serves one record: it counts what it has turned, and stops
    where the record would be too long anyway.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.cut = False
        self._secrets = tuple(secrets)
        self._budget = LONGEST_RECORD // 2  # a member takes at least two bytes: nothing that fits is lost
        self._open: set[int] = set()

    def members(self, fields: Mapping[Any, Any]) -> dict[str, Json]:
        """Return *fields* with plain values; a secret's name hides its value."""
        return self._mapping(list(fields.items()))

    def value(self, value: object) -> Json:
        """Return *value* as JSON. What cannot be shown is said so in its place.

        >>> Plain().value({1: float("nan"), "1": b"a", "set": {2}})
        {'1': 'NaN', '1#2': 'a', 'set': [2]}
        """
        self._budget -= 1
        try:
            return self._convert(value)
        except Exception:  # whatever a foreign object does when it is looked at
            return f"<unprintable {_type_name(value)}>"

    def text(self, text: str) -> str:
        """Return *text* as valid Unicode, bounded, and without secrets."""
        if len(text) > 2 * LONGEST_RECORD:
            self.cut = True
            text = str.__getitem__(text, slice(2 * LONGEST_RECORD))
        return redact_text(valid_unicode(text), self._secrets)

    def _convert(self, value: object) -> Json:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, Enum):
            return self.value(value.value)
        for kind, convert in _SCALARS:
            if isinstance(value, kind):
                shown = convert(value)
                return self.text(shown) if isinstance(shown, str) else shown
        return self._container(value)

    def _container(self, value: object) -> Json:
        if id(value) in self._open:
            return "<cycle>"
        if len(self._open) >= DEEPEST:
            return "<too deep>"
        self._open.add(id(value))
        try:
            return self._inside(value)
        finally:
            self._open.discard(id(value))

    def _inside(self, value: object) -> Json:
        if isinstance(value, dict):
            return self._mapping(list(dict.items(value)))
        if isinstance(value, Mapping):
            return self._mapping(list(value.items()))
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._mapping(list(zip(value._fields, value, strict=False)))
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._sequence(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._mapping(
                [(field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value)]
            )
        return self.text(str(value))

    def _mapping(self, pairs: list[tuple[Any, Any]]) -> dict[str, Json]:
        plain: dict[str, Json] = {}
        for key, member in pairs:
            if self._budget <= 0:
                self.cut = True
                break
            name = self._unused(self._name(key), plain)
            plain[name] = MASK if must_mask(name, member) else self.value(member)
        return plain

    def _sequence(self, values: Iterable[object]) -> list[Json]:
        plain: list[Json] = []
        for member in values:
            if self._budget <= 0:
                self.cut = True
                break
            plain.append(self.value(member))
        return plain

    def _name(self, key: object) -> str:
        shown = self.value(key)
        if isinstance(shown, str):
            return shown
        return orjson.dumps(shown).decode()

    @staticmethod
    def _unused(name: str, taken: Mapping[str, Json]) -> str:
        if name not in taken:
            return name
        number = 2
        while f"{name}#{number}" in taken:
            number += 1
        return f"{name}#{number}"


def encode(record: dict[str, Json]) -> bytes:
    """Return *record* as one line, its newline included, of at most `LONGEST_RECORD` bytes."""
    line = _line(record)
    if len(line) <= LONGEST_RECORD:
        return line
    record = {**record, "truncated": True}
    line = _widest(lambda limit: _shortened(record, text=limit), LONGEST_RECORD)
    if len(line) <= LONGEST_RECORD:
        return line
    # Not long texts, but many members: keep the first of each container.
    return _widest(lambda limit: _shortened(record, text=64, members=limit), LONGEST_RECORD // 2)


def valid_unicode(text: str) -> str:
    """Return *text* with lone surrogates spelled out, as UTF-8 cannot hold them."""
    return str.encode(text, "utf-8", "backslashreplace").decode()


def _line(record: dict[str, Json]) -> bytes:
    encoded = orjson.dumps(record)
    if _UNSAFE.search(encoded):
        encoded = _UNSAFE.sub(lambda match: rf"\u{ord(match[0].decode()):04x}".encode(), encoded)
    return encoded + b"\n"


def _widest(attempt: Callable[[int], Json], most: int) -> bytes:
    """Return the line of the largest limit that fits, found by bisection; else that of the least."""
    low, best = 8, _line(attempt(8))
    while most - low > 16:
        middle = (low + most) // 2
        line = _line(attempt(middle))
        if len(line) <= LONGEST_RECORD:
            low, best = middle, line
        else:
            most = middle
    return best


def _shortened(value: Json, *, text: int, members: int | None = None) -> Json:
    if isinstance(value, str):
        return value if len(value) <= text else value[:text] + "…"
    if isinstance(value, list):
        return [_shortened(member, text=text, members=members) for member in value[:members]]
    if isinstance(value, dict):
        kept = list(value.items())[:members] + ([("truncated", True)] if value.get("truncated") is True else [])
        return {name: _shortened(member, text=text, members=members) for name, member in kept}
    return value


def _integer(value: int) -> int | str:
    exact = int.__add__(value, 0)
    if -(2**63) <= exact < 2**64:
        return exact
    return str(exact) if exact.bit_length() < 8192 else f"<integer of {exact.bit_length()} bits>"


def _float(value: float) -> float | str:
    exact = float.__add__(value, 0.0)
    if math.isnan(exact):
        return "NaN"
    if math.isinf(exact):
        return "Infinity" if exact > 0 else "-Infinity"
    return exact


def _type_name(value: object) -> str:
    return type(value).__name__


# Order matters: bool before int is handled above; datetime is a date.
_SCALARS: tuple[tuple[type, Callable[[Any], Json]], ...] = (
    (str, str.__str__),
    (int, _integer),
    (float, _float),
    (datetime, datetime.isoformat),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, timedelta.total_seconds),
    (UUID, UUID.__str__),
    (Decimal, Decimal.__str__),
    (bytes, lambda value: bytes.decode(value, "utf-8", "backslashreplace")),
    (bytearray, lambda value: bytearray.decode(value, "utf-8", "backslashreplace")),
    (BaseException, describe_exception),
    (type, lambda value: f"{value.__module__}.{value.__qualname__}"),
)
