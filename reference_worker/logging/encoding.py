"""Any value as JSON, in bounded time and size. Nothing here raises."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import islice
from typing import Any, TypeGuard

import orjson

from reference_worker.logging.foreign import RAISED, let_signals_through
from reference_worker.logging.redaction import LOOKAHEAD, MASK, beginning, must_mask, redact_text
from reference_worker.logging.tracebacks import describe_exception
from reference_worker.logging.values import members_of, pairs_of, scalar_of, type_name

LONGEST_RECORD = 262_144
"""Bytes of a record, its newline included (FMT011)."""

LONGEST_CUT = 65_536
"""Characters that are kept of a text which no record has room for."""

SHORTEST_CUT = 1_000
"""Characters below which nothing is kept of a text that has to be cut."""

LONGEST_NAME = 256
"""Characters of a member's name."""

MOST_MEMBERS = 8_192
"""Members that are shown, at all levels together: a record as short as FMT012 asks for has no more."""

MOST_FIELDS = 4_096
"""Fields of a record that are shown."""

DEEPEST = 32
"""Levels of nesting that are shown."""

Json = Any
"""None, bool, int, float, str, list of Json or dict of str to Json."""


def as_text(value: object, longest: int = LONGEST_RECORD) -> str:
    """Return the text of one *value*, of about *longest* characters; a container comes without the secrets it holds.

    >>> as_text(12), as_text({"password": "x"})
    ('12', '{"password":"[redacted]"}')
    """
    return plain_text(Plain(longest=longest).value(value))


def plain_text(plain: Json) -> str:
    """Return a text as it is, a container as JSON, and anything else as Python writes it."""
    if isinstance(plain, str):
        return plain
    return orjson.dumps(plain).decode() if isinstance(plain, (dict, list)) else str(plain)


class Plain:
    """Turns values into JSON values, without the secrets in them.

    One instance serves one record: it counts what it has turned, and stops
    where the record would be too long anyway. `cut` says that it did.
    """

    def __init__(self, secrets: Iterable[str] = (), longest: int = LONGEST_RECORD) -> None:
        self.cut = False
        self._secrets = tuple(secrets)
        self._characters = _Share(longest, spare=min(longest, LONGEST_CUT))
        self._members = _Share(min(longest, MOST_MEMBERS), spare=MOST_MEMBERS // 8)
        self._open: set[int] = set()

    def fields(self, fields: Mapping[Any, Any]) -> dict[str, Any]:
        """Return *fields* as they are, but under names that are texts, each of its own; the first `MOST_FIELDS`."""
        names = Names()
        named: dict[str, Any] = {}
        for key, value in fields.items():
            if len(named) == MOST_FIELDS:
                self.cut = True
                break
            self._characters.begin()
            named[names.unused(key if _is_word(key) else self.name(key))] = value
        return named

    def field(self, name: str, value: object) -> Json:
        """Return the *value* of a record's field as JSON, or a mask if *name* is a secret's.

        However much those before it took, something is left for it.
        """
        self._characters.begin()
        self._members.begin()
        return self._member(name, value)

    def fact(self, value: object) -> Json:
        """Return a field's *value* as JSON, also where it looks like a secret argument: it comes from elsewhere."""
        secrets, self._secrets = self._secrets, ()
        try:
            return self.field("", value)
        finally:
            self._secrets = secrets

    def value(self, value: object) -> Json:
        """Return *value* as JSON. What cannot be shown is said so in its place.

        >>> Plain().value({1: float("nan"), "1": b"a", "set": {2}})
        {'1': 'NaN', '1#2': 'a', 'set': [2]}
        """
        self._members.take(1)
        try:
            return self._convert(value)
        except RAISED as fault:  # whatever a foreign object does when it is looked at
            let_signals_through(fault)
            return f"<unprintable {type_name(type(value))}>"

    def name(self, key: object) -> str:
        """Return *key* as the name of a member."""
        if type(key) is str and len(key) > LONGEST_NAME:
            key = beginning(key, LONGEST_NAME, self._secrets) + "…"
        shown = self.value(key)
        text = shown if isinstance(shown, str) else orjson.dumps(shown).decode()
        return text if len(text) <= LONGEST_NAME + 1 else text[:LONGEST_NAME] + "…"

    def text(self, text: str, *, goes_on: bool = False) -> str:
        """Return *text* as valid Unicode, bounded, and without secrets. *goes_on* says that it is only a beginning."""
        room = self._characters.left
        if goes_on or len(text) > min(room, LONGEST_RECORD):
            text = self._beginning(text, min(room, LONGEST_CUT) if goes_on or len(text) > LONGEST_RECORD else room)
        else:
            text = valid_unicode(text)
        self._characters.take(len(text))
        return redact_text(text, self._secrets)

    def _beginning(self, text: str, room: int) -> str:
        self.cut = True
        self._characters.left = min(self._characters.left, room + LONGEST_CUT)
        return beginning(valid_unicode(text[: room + LOOKAHEAD]), room, self._secrets) if room >= SHORTEST_CUT else "…"

    def _member(self, name: str, value: object) -> Json:
        return MASK if must_mask(name, value) else self.value(value)

    def _is_full(self) -> bool:
        """Whether no further member is shown. Whoever asks has one."""
        full = self._members.left <= 0
        self.cut |= full
        return full

    def _convert(self, value: object) -> Json:
        kind: Any = type(value)
        if value is None or value is True or value is False:
            return value
        if issubclass(kind, Enum):
            return self.value(value.value)  # type: ignore[attr-defined]
        scalar = scalar_of(kind)
        if scalar is not None:
            shown = scalar(value)
            return self.text(shown) if isinstance(shown, str) else shown
        if issubclass(kind, (bytes, bytearray)):
            return self._bytes(value)  # type: ignore[arg-type]
        if issubclass(kind, BaseException):
            return self.text(describe_exception(value))  # type: ignore[arg-type]
        return self._container(value)

    def _bytes(self, value: bytes | bytearray) -> str:
        """Return UTF-8 as text, and other bytes as Python writes them."""
        longest = 4 * (LONGEST_CUT + LOOKAHEAD)
        raw = bytes(memoryview(value)[: longest + 1])
        goes_on = len(raw) > longest
        try:
            text, _ = codecs.utf_8_decode(raw, "strict", not goes_on)
        except UnicodeDecodeError:
            text = repr(raw)[2:-1]
        return self.text(text, goes_on=goes_on)

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
        most = max(self._members.left, 0) + 1  # one more, to see that there are more
        kind: Any = type(value)
        pairs = pairs_of(kind)
        if pairs is not None:
            return self._mapping(list(islice(pairs(value), most)))  # at once: another thread may change it
        members = members_of(kind)
        if members is not None:
            return self._sequence(list(islice(members(value), most)))
        return self.text(str.__str__(str(value)))

    def _mapping(self, pairs: Iterable[tuple[Any, Any]]) -> dict[str, Json]:
        plain: dict[str, Json] = {}
        names = Names()
        for key, member in pairs:
            if self._is_full():
                break
            name = self.name(key)
            whole = key if type(key) is str else name  # its end, which may be cut, can tell that it is a secret's
            plain[names.unused(name)] = self._member(whole, member)
        return plain

    def _sequence(self, values: Iterable[object]) -> list[Json]:
        plain: list[Json] = []
        for member in values:
            if self._is_full():
                break
            plain.append(self.value(member))
        return plain


class _Share:
    """What the fields of a record share; those that come late get a part of what is spared for them."""

    def __init__(self, left: int, spare: int) -> None:
        self.left = left
        self._spare = spare

    def begin(self) -> None:
        """Begin another field."""
        part = self._spare // 8
        if self.left < part:
            self._spare -= part
            self.left = part

    def take(self, amount: int) -> None:
        """Take some."""
        self.left -= amount


class Names:
    """The names in one object, none of which comes twice."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._uses = dict.fromkeys(taken, 1)

    def unused(self, name: str) -> str:
        """Return *name*, with a number if it is taken. It is now.

        >>> names = Names(["a"])
        >>> names.unused("b"), names.unused("a"), names.unused("a")
        ('b', 'a#2', 'a#3')
        """
        shown = name
        while shown in self._uses:
            self._uses[name] += 1
            shown = f"{name}#{self._uses[name]}"
        self._uses[shown] = 1
        return shown


def _is_word(key: object) -> TypeGuard[str]:
    """Whether *key* is a word of a program: nothing has to be done to it to be a name."""
    return type(key) is str and len(key) <= LONGEST_NAME and key.isascii() and key.isidentifier()


def valid_unicode(text: str) -> str:
    """Return *text* with lone surrogates spelled out, as UTF-8 cannot hold them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
