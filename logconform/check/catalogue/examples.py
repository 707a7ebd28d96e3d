"""Examples out of records: without secrets, small, and fit for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from logconform.check.catalogue.entry import TEXT_KEPT
from logconform.records import Place, read_line
from logconform.report.entries import clean_text
from logconform.secrets import REDACTED, redact_text, unmasked_secrets

CUT = "…"
"""Stands where something was left out."""
_VALUE_ROOM = 300  # characters of one value
_RECORD_ROOM = 3_000  # characters of one record
_MEMBERS = 60
_DEPTH = 4
_WORST_TEXT = 20_000  # longer texts are cut before they are searched for secrets a second time
_INT64 = 1 << 63
_NOWHERE = Place("", 0, 0)


class Examples:
    """The examples that one record gives. They are made when the first of them is asked for."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._members: dict[str, Any] = {}
        self._secrets: dict[tuple[str | int, ...], list[str]] | None = None

    def value(self, name: str) -> Any:
        """Return the value of the member *name*."""
        cutter = _Cutter(self._read(), _VALUE_ROOM)
        return cutter.cut(self._members[name], (name,))

    def record(self) -> dict[str, Any]:
        """Return the record; what is left out of it is marked by `…`."""
        cutter = _Cutter(self._read(), _RECORD_ROOM)
        made: dict[str, Any] = {}
        for name, value in self._members.items():
            if cutter.room <= 0 or len(made) == _MEMBERS:
                made[CUT] = CUT
                break
            made[label(name)] = cutter.cut(value, (name,))
        return made

    def _read(self) -> Mapping[tuple[str | int, ...], list[str]]:
        if self._secrets is None:
            self._members, self._secrets = members_of(self._raw) or {}, {}
            for path, secret in unmasked_secrets(self._members):
                self._secrets.setdefault(path, []).append(secret)
        return self._secrets


class _Cutter:
    """Copies a value without its secrets until there is no more room."""

    def __init__(self, secrets: Mapping[tuple[str | int, ...], list[str]], room: int) -> None:
        self._secrets = secrets
        self.room = room

    def cut(self, value: Any, path: tuple[str | int, ...]) -> Any:
        self.room -= 4
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, dict | list):
            if value and (len(path) > _DEPTH or self.room <= 0):
                return CUT
            return self._object(value, path) if isinstance(value, dict) else self._array(value, path)
        return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    def _object(self, value: Mapping[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, child in value.items():
            if self.room <= 0:
                return made | {CUT: CUT}
            self.room -= min(len(name), TEXT_KEPT)
            made[label(name)] = self.cut(child, (*path, name))
        return made

    def _array(self, value: list[Any], path: tuple[str | int, ...]) -> list[Any]:
        made: list[Any] = []
        for index, child in enumerate(value):
            if self.room <= 0:
                return [*made, CUT]
            made.append(self.cut(child, (*path, index)))
        return made

    def _text(self, value: str, path: tuple[str | int, ...]) -> str:
        for secret in sorted(self._secrets.get(path, ()), key=len, reverse=True):
            value = value.replace(secret, REDACTED)
        text = redact_text(value[:_WORST_TEXT])
        room = max(0, min(self.room, TEXT_KEPT))
        self.room -= len(text[:room])
        return clean_text(text if len(text) <= room else text[:room] + CUT)


def _number(value: float) -> Any:
    """Return a number as JSON has it, and what JSON can't hold, or few readers can, as a text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if -_INT64 <= value < _INT64 else str(value)[:TEXT_KEPT]


def label(text: str) -> str:
    """
    Return a name as it is kept: valid Unicode, and not too long.

    >>> label("x" * 300) == "x" * 199 + "…"
    True
    """
    cut = text if len(text) <= TEXT_KEPT else text[: TEXT_KEPT - 1] + CUT
    return cut if cut.isascii() else clean_text(cut)


def members_of(raw: bytes) -> dict[str, Any] | None:
    """
    Return the members of a line, also where it has a fault, but can be understood; None where it is no record.

    >>> members_of(b'{"duration_ms": NaN}'), members_of(b"a banner")
    ({'duration_ms': nan}, None)
    """
    try:
        members = orjson.loads(raw)
    except ValueError:
        members = None
    if type(members) is dict:
        return members
    record = read_line(raw, _NOWHERE).record
    return None if record is None else record.members
