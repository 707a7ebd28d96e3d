"""
What judging a part of a sample gives: a partial verdict, which adds up with those of the other parts.

Addition is associative and commutative. What a part decides for good is
counted; what the whole sample decides is kept: the records of tasks that may
go on elsewhere, findings that depend on what a task did earlier, and who was
started with which context.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple, Self

from logconform.findings import Verdict
from logconform.records import Place
from logconform.rules import GatheringRule
from logconform.rules.survey import Survey

Digest = Callable[[str], int]
"""A text as 64 bits. The builtin `hash` will do among processes that were forked from one."""
Bound = tuple[tuple[str, str], ...]
"""Members, by name and value, with which a task may have written."""
Begin = tuple[int, int]
"""Where a part begins: the number of its source, and the offset in it."""

COLUMNS = ("task_id", "tenant_id", "user_id", "correlation_id")
CALLED_WITH_TENANT, CALLED_WITH_USER, STARTED = 1, 2, 4
"""Flags of a row: the task was called with the tenant, with the user; the row is a start."""


def stable_digest(text: str) -> int:
    """Return *text* as 64 bits (signed), the same in every process and on every machine.

    >>> stable_digest("a") == stable_digest("a") != stable_digest("b")
    True
    """
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


class Line(NamedTuple):
    """One record's line, and where it stands."""

    place: Place
    raw: bytes


@dataclass(slots=True)
class Rows:
    """
    Who was started with which context, in one part: a row a start, and one for each context bound later.

    Texts are digests, 0 where there is none; 33 bytes a row.
    """

    columns: dict[str, array[int]] = field(default_factory=lambda: {name: array("q") for name in COLUMNS})
    offsets: array[int] = field(default_factory=lambda: array("q"))
    flags: array[int] = field(default_factory=lambda: array("B"))
    folded: array[int] = field(default_factory=lambda: array("q"))

    def add(self, digests: tuple[int, int, int, int], offset: int, flags: int) -> None:
        """Add one row: task, tenant, user, correlation."""
        for column, value in zip(self.columns.values(), digests, strict=True):
            column.append(value)
        self.offsets.append(offset)
        self.flags.append(flags)

    def extend(self, starts: Sequence[tuple[str, tuple[Any, ...], int, int]], digest: Digest) -> None:
        """Add a row for each start: task, identity (tenant, user, correlation, ...; text or else), offset, flags."""
        self.columns["task_id"].extend([digest(task_id) for task_id, _, _, _ in starts])
        for at, name in enumerate(COLUMNS[1:]):
            values = [identity[at] for _, identity, _, _ in starts]
            self.columns[name].extend([digest(value) if type(value) is str else 0 for value in values])
        self.offsets.extend([offset for _, _, offset, _ in starts])
        self.flags.extend([flags for _, _, _, flags in starts])

    def rows_with(self, name: str, wanted: set[int]) -> Iterator[int]:
        """Yield the numbers of the rows whose column *name* holds one of *wanted*."""
        column = self.columns[name]
        if wanted.isdisjoint(column):
            return
        yield from (number for number, value in enumerate(column) if value in wanted)

    def first_with(self, name: str, value: int) -> int | None:
        """Return the lowest offset of the rows whose column *name* holds *value*."""
        return min((self.offsets[number] for number in self.rows_with(name, {value})), default=None)


@dataclass(slots=True)
class Part:
    """The partial verdict on the records of one service."""

    verdict: Verdict = field(default_factory=Verdict)
    survey: Survey = field(default_factory=Survey)
    fragments: dict[str, list[Line]] = field(default_factory=dict)
    rows: MutableMapping[Begin, Rows] = field(default_factory=dict)
    pending: dict[tuple[Begin, Bound], Verdict] = field(default_factory=dict)
    gathered: dict[str, GatheringRule] = field(default_factory=dict)
    tasks: int = 0

    def __iadd__(self, other: Part) -> Self:
        self.verdict += other.verdict
        self.survey += other.survey
        self.rows.update(other.rows)
        for task_id, lines in other.fragments.items():
            self.fragments.setdefault(task_id, []).extend(lines)
        for key, verdict in other.pending.items():
            self.pending[key] = self.pending.get(key, Verdict()) + verdict
        for name, rule in other.gathered.items():
            self.gathered.setdefault(name, type(rule)()).absorb(rule)
        return self


@dataclass(slots=True)
class Partial:
    """The partial verdict on a part of a sample: a part per service, and the lines that were read."""

    parts: dict[str | None, Part] = field(default_factory=dict)
    lines: int = 0
    bytes: int = 0
    physical: dict[Begin, int] = field(default_factory=dict)

    def __iadd__(self, other: Partial) -> Self:
        for service, part in other.parts.items():
            mine = self.parts.setdefault(service, Part())
            mine += part
        self.lines += other.lines
        self.bytes += other.bytes
        self.physical.update(other.physical)
        return self

    def __add__(self, other: Partial) -> Partial:
        total = Partial()
        total += self
        total += other
        return total


class Numbering:
    """Turns line numbers that count from the beginning of a part into those of its source."""

    def __init__(self, physical: dict[Begin, int]) -> None:
        self._begins: dict[int, list[int]] = {}
        self._bases: dict[int, list[int]] = {}
        for (source, offset), lines in sorted(physical.items()):
            bases = self._bases.setdefault(source, [0])
            self._begins.setdefault(source, []).append(offset)
            bases.append(bases[-1] + lines)

    def place(self, place: Place) -> Place:
        """Return *place* with its line counted from the beginning of its source."""
        begins = self._begins[place.source]
        number = bisect_left(begins, place.offset + 1) - 1
        return Place(place.path, place.line + self._bases[place.source][number], place.offset, place.source)


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Return lines in the order of the sample."""
    return sorted(lines, key=lambda line: (line.place.source, line.place.path, line.place.offset))
