"""
What a catalog holds of one event and of one field, and the order that decides what is kept.

What is kept within a limit is decided by the names alone, never by what came
first. A name that has its place in the whole then has it in every part, so
that what is kept is counted exactly, and adding is associative and commutative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from logconform.rules.event_varies import DISTINCT_ALLOWED

FIELDS_KEPT = 60
"""Fields told apart per event; the members beyond are counted."""
LEVELS_KEPT = 10
"""Levels told apart per event: there are five."""
TEXT_KEPT = 200
"""Characters kept of a service, a logger, an event or a field's name."""
_FIRST = frozenset({"timestamp", "level", "service", "logger", "event", "task_id"})


class Order(NamedTuple):
    """Where a record stands among others: by its time, and where that is the same or unknown, by its digest."""

    untimed: bool
    timestamp: str
    digest: bytes


class Example(NamedTuple):
    """A value of the earliest record that has one, redacted and cut."""

    order: Order
    value: Any


def digest_of(data: bytes) -> bytes:
    """Return 8 bytes that stand for *data*: the same in every process."""
    return blake2b(data, digest_size=8).digest()


def order_of(name: str) -> tuple[bool, bytes]:
    """Return where the field *name* stands when there are too many: those of every record first, then by digest."""
    return (name not in _FIRST, digest_of(name.encode()))


@dataclass(slots=True)
class Field:
    """One field of an event: how often each JSON type was seen, and an example."""

    example: Example
    types: dict[str, int] = field(default_factory=dict)

    @property
    def present(self) -> int:
        """The records that have the field."""
        return sum(self.types.values())

    def see(self, type_: str, times: int) -> None:
        """Count values of a type."""
        self.types[type_] = self.types.get(type_, 0) + times

    def add(self, other: Field) -> None:
        """Take in what *other* saw of the same field."""
        for type_, times in other.types.items():
            self.see(type_, times)
        self.example = min(self.example, other.example, key=_by_order)


@dataclass(slots=True)
class Entry:
    """
    One event of one logger.

    *members* counts those of all its records, *variants* holds digests of its
    texts, *last* is where the fields that are kept end, once there were too many.
    """

    example: Example
    count: int = 0
    members: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    fields: dict[str, Field] = field(default_factory=dict)
    first_seen: str | None = None
    last_seen: str | None = None
    variants: set[bytes] = field(default_factory=set)
    last: tuple[bool, bytes] | None = None

    @property
    def distinct(self) -> int:
        """How many texts the event has; one more than FMT008 allows stands for any greater number."""
        return max(1, min(len(self.variants), DISTINCT_ALLOWED + 1))

    @property
    def varies(self) -> bool:
        """Whether the event is no constant phrase, but one of many that differ in a number or an id."""
        return self.distinct > DISTINCT_ALLOWED

    def seen(self, first: str | None, last: str | None) -> None:
        """Widen the span of time in which the event was seen."""
        if first is not None and (self.first_seen is None or first < self.first_seen):
            self.first_seen = first
        if last is not None and (self.last_seen is None or last > self.last_seen):
            self.last_seen = last

    def vary(self, variants: Iterable[bytes]) -> None:
        """Take note of texts of the event, until there are more than FMT008 allows."""
        for each in variants:
            if len(self.variants) > DISTINCT_ALLOWED:
                return
            self.variants.add(each)

    def add(self, other: Entry) -> None:
        """Take in what *other* saw of the same event."""
        self.example = min(self.example, other.example, key=_by_order)
        self.count += other.count
        self.members += other.members
        self.levels.update(other.levels)
        self.seen(other.first_seen, other.last_seen)
        self.vary(other.variants)
        for name, each in other.fields.items():
            self.field(name, each)

    def field(self, name: str, seen: Field) -> None:
        """Take in what was seen of the field *name*."""
        if known := self.fields.get(name):
            known.add(seen)
        elif not self.is_beyond(name):
            self.fields[name] = Field(seen.example, dict(seen.types))

    def is_beyond(self, name: str) -> bool:
        """Whether the field *name* could not stay: the fields known already stand before it and are enough."""
        return self.last is not None and name not in self.fields and order_of(name) > self.last

    def trim(self) -> None:
        """Keep within the limits."""
        if len(self.fields) > FIELDS_KEPT:
            kept = sorted(self.fields, key=order_of)[:FIELDS_KEPT]
            self.fields = {name: self.fields[name] for name in kept}
            self.last = order_of(kept[-1])
        if len(self.levels) > LEVELS_KEPT:
            self.levels = Counter({name: self.levels[name] for name in sorted(self.levels)[:LEVELS_KEPT]})


def _by_order(example: Example) -> Order:
    return example.order
