"""
Records that look alike, counted together: a record then costs little more than its parsing.

A shape is what the entry of an event needs to know of a record: where it comes
from, its level, the names and the types of its members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from logconform.check.catalogue.entry import Order, digest_of
from logconform.check.catalogue.examples import CUT, label
from logconform.rules.event_varies import DISTINCT_ALLOWED, VARYING
from logconform.secrets import redact_text

SHAPES_HELD = 4_000
"""Shapes counted apart before they are entered into the catalog."""
BYTES_HELD = 8_000_000
"""Bytes of the lines that stand for their shapes."""
_TEXTS_HELD = 20_000  # events whose phrase is remembered, none of them longer than:
_TEXT_LENGTH = 500
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII).fullmatch

Text = tuple[str, bytes | None]
"""The phrase of an event, and a digest of its text where the phrase stands for several."""


class Shape(NamedTuple):
    """What the records that are counted together have in common."""

    service: str | None
    logger: str | None
    phrase: str | None
    level: str | None
    timed: bool
    names: tuple[str, ...]
    types: tuple[type, ...]


class Seen:
    """How many records of a shape there were, from when to when, and the line of the first."""

    __slots__ = ("count", "first", "last", "raw", "variants")

    def __init__(self, timestamp: str, raw: bytes) -> None:
        self.count = 0
        self.first = self.last = timestamp
        self.raw = raw
        self.variants: set[bytes] | None = None

    def order(self, shape: Shape) -> Order:
        """Return where the first of the records stands among others."""
        return Order(not shape.timed, self.first, digest_of(self.raw))


class Shapes:
    """Counts records by their shape."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Any, ...], Seen] = {}
        self._texts: dict[str, Text] = {}
        self._held = 0

    @property
    def full(self) -> bool:
        """Whether the shapes are to be taken out before more are counted."""
        return self._held > BYTES_HELD or len(self._seen) > SHAPES_HELD

    def see(self, raw: bytes, members: dict[str, Any]) -> None:
        """Count one record."""
        get = members.get
        service, logger, event, level, timestamp = (
            get("service"),
            get("logger"),
            get("event"),
            get("level"),
            get("timestamp"),
        )
        variant = None
        if type(event) is str:
            event, variant = self._texts.get(event) or self._text(event)
        else:
            event = None
        if type(timestamp) is not str or _TIMESTAMP(timestamp) is None:
            timestamp = _as_utc(timestamp)
        shape = (
            service if type(service) is str else None,
            logger if type(logger) is str else None,
            event,
            level if type(level) is str else None,
            timestamp != "",
            tuple(members),
            tuple(map(type, members.values())),
        )
        seen = self._seen.get(shape)
        if seen is None:
            seen = self._seen[shape] = Seen(timestamp, raw)
            self._held += len(raw)
        elif timestamp > seen.last:
            seen.last = timestamp
        elif timestamp < seen.first or (timestamp == seen.first and digest_of(raw) < digest_of(seen.raw)):
            self._held += len(raw) - len(seen.raw)
            seen.first, seen.raw = timestamp, raw
        seen.count += 1
        if variant is not None:
            if seen.variants is None:
                seen.variants = set()
            if len(seen.variants) <= DISTINCT_ALLOWED:
                seen.variants.add(variant)

    def drain(self) -> Iterator[tuple[Shape, Seen]]:
        """Yield every shape, and forget it."""
        seen, self._seen, self._held = self._seen, {}, 0
        for shape, each in seen.items():
            yield Shape(*shape), each

    def _text(self, event: str) -> Text:
        text = phrase_of(event)
        if len(self._texts) >= _TEXTS_HELD:
            self._texts.clear()
        if len(event) <= _TEXT_LENGTH:
            self._texts[event] = text
        return text


def phrase_of(event: str) -> Text:
    """
    Return the phrase of an event, with `…` for what varies, and a digest of its text where something does.

    >>> phrase_of("Task starting")
    ('Task starting', None)
    >>> phrase_of("User 'ann' tried 3 times")[0]
    'User … tried … times'
    """
    phrase = label(VARYING.sub(CUT, redact_text(event)))
    return phrase, digest_of(event.encode("utf-8", "backslashreplace")) if CUT in phrase else None


def _as_utc(timestamp: object) -> str:
    """Return a time as FMT003 has it, whichever ISO form it was written in, and an empty text for what is no time.

    >>> _as_utc("2025-09-12 22:05:03+02:00"), _as_utc("yesterday")
    ('2025-09-12T20:05:03.000000Z', '')
    """
    if not isinstance(timestamp, str) or len(timestamp) > 64:
        return ""
    try:
        moment = datetime.fromisoformat(timestamp)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
