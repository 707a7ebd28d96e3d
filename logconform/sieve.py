"""
The sieve: proves of most records, many at a time, that the exact engine would say nothing new of them.

A record is proven where its shape was learned (`shapes`) and a record of the
same *site* was judged by the exact engine: same event, same telling values,
same members. What can differ between two records of one site is checked here.
What is not proven goes to the exact engine, line by line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat
from operator import attrgetter, methodcaller
from typing import Any

import msgspec
import orjson
from msgspec import UNSET

from logconform.records import Record
from logconform.rules.error_unlike_traceback import is_shown
from logconform.rules.traceback_missing import is_handled, raised
from logconform.schemas import accepts_member, named_in_schemas
from logconform.secrets import is_secret_name
from logconform.shapes import TELLING, Shape, Shapes, Sieved
from logconform.signs import are_plain, are_times, colons_in, is_clean, is_harmless, is_no_time, is_quiet, is_simple
from logconform.sites import Site, site_of

BATCH = 512
"""Lines that are decoded at once: what they become fits into a processor's cache."""
_UNTIMED, _OUTSIDE = "untimed", "outside"
_NOBODY = (UNSET,) * 5
TASK = 4
"""Position of the task in an identity."""
NO_TIME = ""
"""Stands for a timestamp that is none."""
_PATIENCE = 8
"""After so many batches of which hardly anything was proven, the sieve rests for a while."""
_SITES, _TEXTS = 4_000, 4_096

_HEXADECIMAL = {"trace_id": re.compile(r"[0-9a-f]{32}"), "span_id": re.compile(r"[0-9a-f]{16}")}
identity = attrgetter("tenant_id", "user_id", "correlation_id", "parent_task_id", "task_id")
"""Gives a record's identity."""
Identity = tuple[Any, ...]


class Batch:
    """Some lines, and of each that is proven its site, timestamp and identity (four parts, and the task)."""

    __slots__ = ("expected", "identities", "lines", "records", "sites", "stamps")

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.records: list[Sieved | None] = [None] * len(lines)
        self.sites: list[Site | None] = [None] * len(lines)
        self.identities: list[Identity | None] = [None] * len(lines)
        self.stamps: list[Any] = [None] * len(lines)
        self.expected = 0

    def refuse(self, number: int) -> None:
        """Leave a line to the exact engine."""
        self.records[number] = self.sites[number] = self.identities[number] = self.stamps[number] = None


class Sieve:
    """Learns sites; one for a process, used for one part after another."""

    def __init__(self) -> None:
        self.shapes = Shapes()
        self._texts: dict[tuple[str, str, str], bool] = {}
        self._rest = 0
        self._futile = 0

    def sift(self, lines: list[bytes]) -> Batch:
        """Find the sites of those *lines* (each without its newline) that can be proven."""
        batch = Batch(lines)
        if self._rest:
            self._rest -= 1
            return batch
        self.shapes.refresh()
        if self.shapes.decoder is None:
            return batch
        self._sift(batch)
        self._futile = self._futile + 1 if batch.sites.count(None) > 0.9 * len(lines) else 0
        if self._futile >= _PATIENCE:
            self._futile, self._rest = 0, 8 * _PATIENCE
        return batch

    def _sift(self, batch: Batch) -> None:
        lines = batch.lines
        batch.records = self._decode(lines)
        if self._prove(batch):
            return
        for number, line in enumerate(lines):
            alone = Batch([line])
            alone.records = [batch.records[number]]
            if self._prove(alone):
                batch.sites[number] = alone.sites[0]
                batch.identities[number], batch.stamps[number] = alone.identities[0], alone.stamps[0]
            else:
                batch.refuse(number)

    def learn(self, record: Record) -> None:
        """Take note of a record that the exact engine has judged, and that the sieve could have proven."""
        surrogates = b"\\ud" in record.raw or b"\\uD" in record.raw  # maybe lone ones, which msgspec refuses
        if not self._rest and record.timestamp is not None and not surrogates:
            self.shapes.learn(record.members)

    def _decode(self, lines: list[bytes]) -> list[Sieved | None]:
        decoder = self.shapes.decoder
        if decoder is not None and are_plain(lines):
            try:
                records: list[Sieved | None] = decoder.decode_lines(b"\n".join(lines))
            except (ValueError, RecursionError, msgspec.MsgspecError):
                records = []
            if len(records) == len(lines):
                return records
        if len(lines) == 1:
            return [None]
        middle = len(lines) // 2
        return [*self._decode(lines[:middle]), *self._decode(lines[middle:])]

    def _prove(self, batch: Batch) -> bool:
        """Find the sites of a batch; whether its lines hold what their records do, and nothing else."""
        odd_times = _look_at_times(batch)
        groups: dict[type, list[int]] = defaultdict(list)
        for number, record in enumerate(batch.records):
            groups[type(record)].append(number)
        groups.pop(type(None), None)
        batch.expected = 0
        for cls, numbers in groups.items():
            self._find_sites(self.shapes.by_class[cls], batch, numbers, odd_times)
        proven = [number for number, site in enumerate(batch.sites) if site is not None]
        if not proven:
            return True
        lines = batch.lines if len(proven) == len(batch.lines) else [batch.lines[number] for number in proven]
        if batch.expected != sum(map(_count_colons, lines)):
            return False
        return _begin_alike(lines, [batch.sites[number] for number in proven])

    def _find_sites(self, shape: Shape, batch: Batch, numbers: list[int], odd_times: set[int]) -> None:
        records: list[Sieved] = [batch.records[number] for number in numbers]
        keys = list(map(shape.telling, records))
        if shape.judges_errors:
            keys = [(*key, *_error_traits(shape, record)) for key, record in zip(keys, records, strict=True)]
        if odd_times:
            keys = [(*key, _UNTIMED) if number in odd_times else key for number, key in zip(numbers, keys, strict=True)]
        identities = list(map(identity, records))
        if any(whose[TASK] is UNSET for whose in identities):
            keys = [
                (*key, _OUTSIDE) if whose[TASK] is UNSET else key for key, whose in zip(keys, identities, strict=True)
            ]
        found = list(map(shape.sites.get, keys))
        if None in found:
            found = self._learn_sites(shape, batch, numbers, keys)
        odd, loud = self._odd(shape, records, found, identities)
        if odd:
            kept = [at for at in range(len(found)) if at not in odd]
            numbers, records = [numbers[at] for at in kept], [records[at] for at in kept]
            found, identities = [found[at] for at in kept], [identities[at] for at in kept]
        absent = sum(map(_count_absent, identities))
        batch.expected += sum(map(_colons, found)) + 5 * len(found) - absent + sum(_written(shape, loud, records))
        for number, record, site, whose in zip(numbers, records, found, identities, strict=True):
            batch.sites[number] = site
            batch.identities[number] = whose
            batch.stamps[number] = NO_TIME if number in odd_times else record.timestamp

    def _learn_sites(self, shape: Shape, batch: Batch, numbers: list[int], keys: list[Any]) -> list[Any]:
        for number, key in zip(numbers, keys, strict=True):
            if key not in shape.sites:
                known = site_of(shape, batch.lines[number]) if len(shape.sites) < _SITES else None
                shape.sites[key] = known or False
        return list(map(shape.sites.get, keys))

    def _odd(
        self, shape: Shape, records: list[Sieved], found: list[Any], identities: list[Identity]
    ) -> tuple[set[int], list[str]]:
        """Return which records have no site, or a value that could be at fault; and which texts hold signs."""
        odd = {at for at, site in enumerate(found) if site is False} if False in found else set[int]()
        odd.update(
            at for at, whose in enumerate(identities) if whose[TASK] is UNSET and whose.count(UNSET) < len(whose)
        )
        parts = "\n".join([part for whose in identities for part in whose if part is not UNSET])
        if not is_harmless(parts) or "\nNone\n" in f"\n{parts}\n":
            odd.update(at for at, whose in enumerate(identities) if not _is_plain_identity(whose))
        loud = []
        for name, attribute in shape.texts:
            column = list(map(attrgetter(attribute), records))
            texts = column if set(map(type, column)) == {str} else [each for each in column if type(each) is str]
            harmless = is_harmless("\n".join(texts))
            if not harmless:
                loud.append(attribute)
            if harmless and name not in _CONSTRAINED and not is_secret_name(name):
                continue
            if name not in _CONSTRAINED and all(map(is_quiet, repeat(name), texts)):
                continue
            for at, (site, value) in enumerate(zip(found, column, strict=True)):
                if site and type(value) is str and not self._holds(site.kind, name, value):
                    odd.add(at)
        for name, attribute in shape.nested:
            for at, value in enumerate(map(attrgetter(attribute), records)):
                if isinstance(value, list | dict) and not is_simple(value) and not is_clean(name, value):
                    odd.add(at)
        return odd, loud

    def _holds(self, kind: str, name: str, value: str) -> bool:
        if name in _HEXADECIMAL:
            return _HEXADECIMAL[name].fullmatch(value) is not None and value.strip("0") != ""
        key = (kind, name, value)
        known = self._texts.get(key)
        if known is None:
            if len(self._texts) >= _TEXTS:
                self._texts.clear()
            known = self._texts[key] = is_clean(name, value) and _is_formed(kind, name, value)
        return known


_colons = attrgetter("colons")
_count_absent = methodcaller("count", UNSET)
_count_colons = methodcaller("count", b":")


def _written(shape: Shape, loud: list[str], records: list[Sieved]) -> Iterator[int]:
    """Yield the colons in texts and in nested values."""
    for attribute in loud:
        yield "".join([each for each in map(attrgetter(attribute), records) if type(each) is str]).count(":")
    for _, attribute in shape.nested:
        yield colons_in([each for each in map(attrgetter(attribute), records) if each is not UNSET])


_CONSTRAINED = frozenset(named_in_schemas()) - set(TELLING)


def _error_traits(shape: Shape, record: Sieved) -> tuple[Any, ...]:
    error = getattr(record, shape.error) if shape.error else None
    exception = getattr(record, shape.exception) if shape.exception else None
    return _traits(error if type(error) is str else None, exception if type(exception) is str else None)


@lru_cache(maxsize=_TEXTS)
def _traits(error: str | None, exception: str | None) -> tuple[Any, ...]:
    """Return all that rules ask of an error and its traceback."""
    shown = None if error is None or exception is None else is_shown(error, exception)
    told = (error if error not in ("", "None") else None, exception if exception not in ("", "None") else None)
    kind = None if error is None else error.partition(":")[0]
    return (shown, raised(told[0] or ""), is_handled(*told), bool(exception), kind)


@lru_cache(maxsize=_TEXTS)
def _is_formed(kind: str, name: str, value: str) -> bool:
    """Whether the schema of a kind has nothing against a member's value: all it says of one is said by itself."""
    return accepts_member(kind, name, value)


def _is_plain_identity(whose: Identity) -> bool:
    return all(part is UNSET or (part != "None" and is_harmless(part)) for part in whose)


def _look_at_times(batch: Batch) -> set[int]:
    """Return which records have a timestamp of no valid form; those whose timestamp has another fault are refused."""
    records = {number: record for number, record in enumerate(batch.records) if record is not None}
    if are_times([record.timestamp for record in records.values()]):
        return set()
    odd = set()
    for number, record in records.items():
        stamp = record.timestamp
        if are_times([stamp]):
            continue
        if is_no_time(stamp):
            odd.add(number)
        else:
            batch.refuse(number)
    return odd


def _begin_alike(lines: list[bytes], sites: list[Any]) -> bool:
    """Whether lines begin as the first line of their site does: with the base fields, in the same order."""
    for line, site in zip(lines, sites, strict=True):
        if site.first_names is not None:
            if tuple(orjson.loads(line))[:5] != site.first_names:
                return False
        elif not (line.startswith(site.beginning, site.begins) and line.startswith(site.head)):
            return False
    return True
