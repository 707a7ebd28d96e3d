"""From lines to a catalog, and from catalogs to their sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson

from logconform.check.catalogue.entry import FIELDS_KEPT, LEVELS_KEPT, Entry, Example, Field, digest_of, order_of
from logconform.check.catalogue.examples import Examples, label, members_of
from logconform.check.catalogue.shapes import Seen, Shape, Shapes
from logconform.records import HARD_LIMIT, Record

ENTRIES_KEPT = 2_000
"""Events told apart in a catalog; the records of further ones are counted."""
EVENTS_KEPT = 100
"""Events told apart per logger: one that writes more has no constant phrases, and must not crowd out the others."""
LOGGERS_KEPT = 500
"""Loggers counted apart."""

Logger = tuple[str | None, str | None]
"""Service and logger; None where a record has no such text."""
Key = tuple[str | None, str | None, str | None]
"""Service, logger and the event's phrase."""
Rank = tuple[bool, bytes]
"""Where a key stands when there are too many."""

_TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "array",
    dict: "object",
}


@dataclass(slots=True)
class Catalog:
    """
    The events of some lines. Addition is associative and commutative.

    Memory follows the number of different events, not of records, and stays
    within the limits above whatever the lines.

    >>> left, right = catalog_lines([b'{"event": "a"}']), catalog_lines([b'{"event": "a"}', b'a banner'])
    >>> both = left + right
    >>> both.records, both.unreadable, [entry.count for entry in both.entries.values()]
    (2, 1, [2])
    """

    records: int = 0
    unreadable: int = 0
    loggers: Counter[Logger] = field(default_factory=Counter)
    entries: dict[Key, Entry] = field(default_factory=dict)
    _last: Rank | None = field(default=None, repr=False, compare=False)
    _last_of: dict[Logger, Rank] = field(default_factory=dict, repr=False, compare=False)

    def __add__(self, other: Catalog) -> Catalog:
        total = Catalog()
        total.add(self)
        total.add(other)
        return total

    def add(self, other: Catalog) -> None:
        """Take in what *other* saw, which stays as it is."""
        self.records += other.records
        self.unreadable += other.unreadable
        self.loggers.update(other.loggers)
        for key, entry in other.entries.items():
            if self._is_beyond(key):
                continue
            if key not in self.entries:
                self.entries[key] = Entry(entry.example)
            self.entries[key].add(entry)
        self.trim()

    def see(self, record: Record) -> None:
        """Take in one record. For many, `catalog_lines` is much faster."""
        shapes = Shapes()
        shapes.see(record.raw, record.members)
        self.take(shapes)
        self.trim()

    def take(self, shapes: Shapes) -> None:
        """Take in what *shapes* counted."""
        for shape, seen in shapes.drain():
            service, logger = _labelled(shape.service), _labelled(shape.logger)
            self.records += seen.count
            self.loggers[service, logger] += seen.count
            key = (service, logger, shape.phrase)
            if not self._is_beyond(key):
                _count(self._entry(key, shape, seen), shape, seen)
            if len(self.entries) > 2 * ENTRIES_KEPT or len(self.loggers) > 2 * LOGGERS_KEPT:
                self.trim()

    def trim(self) -> None:
        """Keep within the limits."""
        for each in self.entries.values():
            each.trim()
        if len(self.entries) > EVENTS_KEPT:
            self._choose()
        if len(self.loggers) > LOGGERS_KEPT:
            kept = sorted(self.loggers, key=_rank)[:LOGGERS_KEPT]
            self.loggers = Counter({key: self.loggers[key] for key in kept})

    def _choose(self) -> None:
        """Keep at most EVENTS_KEPT of a logger and ENTRIES_KEPT in all, and remember where the limits are reached."""
        chosen: dict[Key, Entry] = {}
        per_logger: Counter[Logger] = Counter()
        self._last, self._last_of = None, {}
        for rank, key in sorted((_rank(key), key) for key in self.entries):
            per_logger[key[:2]] += 1
            if per_logger[key[:2]] > EVENTS_KEPT:
                continue
            chosen[key] = self.entries[key]
            if per_logger[key[:2]] == EVENTS_KEPT:
                self._last_of[key[:2]] = rank
            if len(chosen) == ENTRIES_KEPT:
                self._last = rank
                break
        self.entries = chosen

    def _is_beyond(self, key: Key) -> bool:
        """Whether *key* could not stay: what is known already stands before it and fills the limits."""
        if key in self.entries or not (self._last or self._last_of):
            return False
        rank = _rank(key)
        return (self._last is not None and rank > self._last) or rank > self._last_of.get(key[:2], rank)

    def _entry(self, key: Key, shape: Shape, seen: Seen) -> Entry:
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = Entry(Example(seen.order(shape), None))
        return entry


def catalog_lines(raws: Iterable[bytes]) -> Catalog:
    """
    Return the catalog of some lines, each with or without its newline.

    Pure: it can be mapped over the parts of a sample in any number of
    processes. A line that is no record is counted as unreadable.
    """
    catalog, shapes = Catalog(), Shapes()
    see, loads = shapes.see, orjson.loads
    for raw in raws:
        try:
            members = loads(raw)
        except ValueError:
            members = None
        if type(members) is not dict:
            members = members_of(raw)
        if members is None or len(raw) > HARD_LIMIT:
            catalog.unreadable += 1
            continue
        see(raw, members)
        if shapes.full:
            catalog.take(shapes)
    catalog.take(shapes)
    catalog.trim()
    return catalog


def _count(entry: Entry, shape: Shape, seen: Seen) -> None:
    """Enter the records of one shape."""
    order, examples = seen.order(shape), Examples(seen.raw)
    entry.count += seen.count
    entry.members += seen.count * len(shape.names)
    if shape.level is not None:
        entry.levels[label(shape.level)] += seen.count
    if shape.timed:
        entry.seen(seen.first, seen.last)
    entry.vary(seen.variants or ())
    if entry.example.value is None or order < entry.example.order:
        entry.example = Example(order, examples.record())
    for told, (name, type_) in _kept(shape).items():
        known = entry.fields.get(told)
        if known is None:
            if entry.is_beyond(told):
                continue
            known = entry.fields[told] = Field(Example(order, examples.value(name)))
        elif order < known.example.order:
            known.example = Example(order, examples.value(name))
        known.see(_TYPES[type_], seen.count)
    if len(entry.fields) > 2 * FIELDS_KEPT or len(entry.levels) > 2 * LEVELS_KEPT:
        entry.trim()


def _kept(shape: Shape) -> dict[str, tuple[str, type]]:
    """Return name and type of the members by the name that is kept: of a record with very many, those that may stay."""
    told = {label(name): (name, type_) for name, type_ in zip(shape.names, shape.types, strict=True)}
    if len(told) <= FIELDS_KEPT:
        return told
    return {name: told[name] for name in sorted(told, key=order_of)[:FIELDS_KEPT]}


def _rank(key: Key | Logger) -> Rank:
    """Return where a key stands when there are too many: the contract's own events first, then by digest."""
    return (not str(key[-1]).startswith("Task "), digest_of(repr(key).encode()))


def _labelled(text: str | None) -> str | None:
    return None if text is None else label(text)
