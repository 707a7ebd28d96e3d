"""A chunk of a sample becomes a partial verdict: what the sieve proves is counted, the exact engine does the rest."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add
from typing import Any

from msgspec import UNSET

from logconform.bench import Bench
from logconform.court import Court
from logconform.folding import Forms
from logconform.partial import Begin, Digest, Line, Part, Partial, stable_digest
from logconform.records import Place, Reading, read_line
from logconform.sieve import BATCH, TASK, Batch, Sieve
from logconform.sites import Site


@dataclass(slots=True)
class Chunk:
    """
    Adjoining lines of one source. *text* ends with a newline, except at the end of a source that does not.

    `places`: line within the chunk (from 0) and offset of each, where they do not follow each other.
    """

    text: bytes
    path: str
    begin: Begin = (0, 0)
    places: Sequence[tuple[int, int]] | None = None
    physical: int | None = None
    stderr: frozenset[int] = frozenset()


class Judge:
    """Judges chunks; one for a process, because it learns."""

    def __init__(self, digest: Digest = stable_digest, *, fold: bool = True, sift: bool = True) -> None:
        self.digest = digest
        self.fold = fold
        self.sieve = Sieve() if sift else None
        self.forms = Forms()

    def judge(self, chunk: Chunk) -> Partial:
        """Return the partial verdict on a chunk."""
        return Sitting(self, chunk).total()

    def judge_reading(self, reading: Reading, begin: Begin) -> Partial:
        """Return the partial verdict on one line that was read already."""
        court = Court(begin=begin, digest=self.digest)
        court.see(reading)
        return Partial({None: court.close()}, lines=1, bytes=len(reading.raw), physical={begin: 1})

    def judge_tasks(self, lines: Sequence[Line], begin: Begin, *, final: bool) -> Part:
        """
        Return the partial verdict on tasks whose lines were judged one by one already, in several chunks.

        *lines* are all of one service, in the order of the sample; *begin*
        stands for them all. *final*: the sample has no others of these tasks.
        """
        return _Gathering(self, lines, begin).part(final=final)


class Sitting:
    """One chunk being judged."""

    def __init__(self, judge: Judge, chunk: Chunk) -> None:
        self.judge = judge
        self.chunk = chunk
        self.sites: list[Site | None] = []
        self.sieved: list[Any] = []
        self.identities: list[Any] = []
        self.stamps: list[Any] = []
        self.readings: dict[int, Reading] = {}
        self.services: dict[str | None, Bench] = {}

    def total(self) -> Partial:
        """Judge the chunk."""
        text = self.chunk.text
        self.lines = text.split(b"\n")
        self.ended = not self.lines[-1]
        if self.ended:
            self.lines.pop()
        count = len(self.lines)
        physical = count if self.chunk.physical is None else self.chunk.physical
        total = Partial(lines=count, bytes=len(text), physical={self.chunk.begin: physical})
        if not count:
            return total
        self.offsets = self._offsets()
        for at in range(0, count, BATCH):
            self._sift(at, self.lines[at : at + BATCH])
        self._assign()
        for service, bench in self.services.items():
            total.parts[service] = bench.close()
        self.services.clear()  # they refer to this, and the collector of such circles is off
        return total

    def place(self, number: int) -> Place:
        """Return the place of a line; it counts lines from the beginning of the chunk."""
        line = number if self.chunk.places is None else self.chunk.places[number][0]
        return Place(self.chunk.path, line + 1, self.offsets[number], self.chunk.begin[0])

    def raw(self, number: int) -> bytes:
        """Return a line as it was written, with its newline if it has one."""
        last = number == len(self.lines) - 1 and not self.ended
        return self.lines[number] if last else self.lines[number] + b"\n"

    def reading(self, number: int) -> Reading:
        """Return what the strict reader makes of a line."""
        known = self.readings.get(number)
        if known is None:
            known = self.readings[number] = read_line(self.raw(number), self.place(number))
        return known

    def _offsets(self) -> list[int]:
        ends = accumulate(map(len, self.lines), initial=0)
        self.starts = list(map(add, ends, range(len(self.lines))))
        if self.chunk.places is not None:
            return [offset for _, offset in self.chunk.places]
        first = self.chunk.begin[1]
        return [first + start for start in self.starts] if first else self.starts

    def _sift(self, at: int, lines: list[bytes]) -> None:
        sieve = self.judge.sieve
        last = at + len(lines) == len(self.lines) and not self.ended
        batch = Batch(lines) if sieve is None or last else sieve.sift(lines)
        self.sites += batch.sites
        self.sieved += batch.records
        self.identities += batch.identities
        self.stamps += batch.stamps
        if sieve is None or None not in batch.sites:
            return
        for number, site in enumerate(batch.sites, at):
            if site is None and (record := self.reading(number).record) is not None:
                sieve.learn(record)

    def _assign(self) -> None:
        """Give each line to the service that it names, and each task's to the service that the task's lines name."""
        known = {site: None if site is None else site.service for site in set(self.sites)}
        others = [number for number, site in enumerate(self.sites) if site is None] if None in known else []
        exact = {number: self._service(number) for number in others}
        named = {*known.values(), *exact.values()} - {None}
        everything = range(len(self.lines))
        if len(named) <= 1:
            self.services[next(iter(named), None)] = Bench(self, everything, self._tasks(everything))
            return
        owners = [known[site] if site is not None else exact[number] for number, site in enumerate(self.sites)]
        homes: dict[str | None, set[str | None]] = defaultdict(set)
        for number, owner in enumerate(owners):
            if owner is not None:
                homes[self.task_id(number)].add(owner)
        homes.pop(None, None)
        numbers: dict[str | None, list[int]] = defaultdict(list)
        tasked: dict[str | None, list[int]] = defaultdict(list)
        for number, owner in enumerate(owners):
            numbers[owner].append(number)
            for each in homes.get(self.task_id(number)) or {None} if owner is None else {owner}:
                tasked[each].append(number)
        for each in numbers.keys() | tasked.keys():
            self.services[each] = Bench(self, numbers[each], self._tasks(tasked[each]))

    def _service(self, number: int) -> str | None:
        record = self.reading(number).record
        return (record.text("service") or None) if record is not None else None

    def task_id(self, number: int) -> str | None:
        """Return the task that a line names."""
        if self.sites[number] is not None:
            task_id = self.sieved[number].task_id
            return None if task_id is UNSET else task_id
        record = self.reading(number).record
        return record.task_id if record is not None else None

    def _tasks(self, numbers: Sequence[int]) -> dict[str, list[int]]:
        tasks: dict[Any, list[int]] = defaultdict(list)
        identities = self.identities
        for number in numbers:
            identity = identities[number]
            tasks[self.task_id(number) if identity is None else identity[TASK]].append(number)
        tasks.pop(UNSET, None)
        tasks.pop(None, None)
        return tasks

    def lines_with(self, sign: bytes) -> set[int]:
        """Return the numbers of the lines that hold *sign*."""
        text, found, at = self.chunk.text, set[int](), 0
        if sign not in text:
            return found
        while (at := text.find(sign, at)) >= 0:
            number = bisect_right(self.starts, at) - 1
            found.add(number)
            at = self.starts[number + 1] if number + 1 < len(self.starts) else len(text)
        return found


class _Gathering(Sitting):
    """Lines from several chunks, of which only the tasks are judged."""

    def __init__(self, judge: Judge, lines: Sequence[Line], begin: Begin) -> None:
        super().__init__(judge, Chunk(b"", "", begin))
        self.known = lines
        self.lines = [line.raw.removesuffix(b"\n") for line in lines]
        self.ended = all(line.raw.endswith(b"\n") for line in lines)
        self.offsets = [line.place.offset for line in lines]

    def part(self, *, final: bool) -> Part:
        """Return the part."""
        for at in range(0, len(self.lines), BATCH):
            self._sift(at, self.lines[at : at + BATCH])
        return Bench(self, (), self._tasks(range(len(self.lines)))).close_tasks(final=final)

    def place(self, number: int) -> Place:
        """Return the place of a line in its own chunk."""
        return self.known[number].place

    def raw(self, number: int) -> bytes:
        """Return a line as it was written."""
        return self.known[number].raw
