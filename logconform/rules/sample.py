"""What a whole sample tells a rule about one task's surroundings: its edges, its gaps, and who else was there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from logconform.records import Record

TASKS_THAT_SHOW = 2
"""So many whole tasks, none overlapping another, make it likely that a worker had one slot."""
FINISHED_THAT_SHOW = 20
"""So many finished executions tell how long a task of this sample works, and how long it is silent."""
LONGER_THAN_EVER = 10
"""What took so many times longer than in any finished execution did not happen."""
LEAST_SECONDS = 0.1
"""Shorter silences say nothing, however quick the others were."""
SILENT_SECONDS = 3_600.0
"""After an hour without a record a task that is still running would have spoken, or been stopped."""

_TIMESTAMP_LENGTH = len("2025-09-12T20:05:03.001184Z")


class Unsettled(Exception):
    """A part of a sample was asked what only the whole of it can tell."""


@dataclass(slots=True)
class Edge:
    """
    Where one file or stream of a sample begins and ends, in seconds since the epoch.

    `opened`: a worker's own start stands before every task's record: nothing was cut off.
    `closed`: the offset of a worker's own end, after which no task spoke; -1 where there is none.
    `disorder`: by how much timestamps go back from line to line, at most: processes that buffer write late.
    `begin`, `end`: the offsets of the first and the last record of a task; -1 where there is none.
    """

    first: float | None = None
    last: float | None = None
    opened: bool = False
    closed: int = -1
    disorder: float = 0.0
    lines: int = 0
    begin: int = -1
    end: int = -1

    def share_before(self, record: Record) -> float:
        """Return which share of the tasks' records stands before one of them, 0 to 1, measured in bytes."""
        return (record.place.offset - self.begin) / max(1, self.end - self.begin)

    def share_after(self, record: Record) -> float:
        """Return which share of the tasks' records stands from one of them on."""
        return 1 - self.share_before(record)


def _nobody(name: str, value: str, task_id: str) -> bool:
    del name, value, task_id
    return False


def _unknown(parent: str, correlation: str | None) -> bool | None:
    del parent, correlation
    return None


@dataclass(slots=True)
class Sample:
    """
    The surroundings of a task.

    `whole`: nothing was cut off. `edges`: by path. `serial`: where each whole
    task begins, if no two tasks overlap in the sample's one stream; else empty.
    `owned_by_another`: whether another task than `task_id` was called with this
    tenant or user. `shares_correlation`: whether a task was started with this
    correlation; None where its start is not known.
    `finished`: executions with both a start and an ending, by task name;
    `longest` and `longest_silence` are theirs, in seconds. `orphans`: kinds
    of lifecycle records whose task is not named.
    `torn`: tasks that unreadable lines speak of; `torn_anywhere`: one of them
    does not say of which. `counts_retries`: whether the starts of retries say
    that they are; None where no retry shows it. `resent`: whether its shipper
    sent batches of lines again.
    """

    whole: bool
    edges: dict[str, Edge] = field(default_factory=dict)
    serial: Sequence[int] = ()
    owned_by_another: Callable[[str, str, str], bool] = _nobody
    shares_correlation: Callable[[str, str | None], bool | None] = _unknown
    finished: dict[str, int] = field(default_factory=dict)
    longest: float = 0.0
    longest_silence: float = 0.0
    orphans: set[str] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)
    torn_anywhere: bool = False
    counts_retries: bool | None = None
    resent: bool = False

    @classmethod
    def complete(cls) -> Sample:
        """Return the surroundings of a stream that is whole."""
        return cls(whole=True)

    def edge(self, record: Record) -> Edge:
        """Return the edge of the stream in which *record* stands."""
        return self.edges.get(record.place.path) or Edge()

    def knows_how_long(self) -> bool:
        """Whether enough executions finished to tell how long one takes."""
        return sum(self.finished.values()) >= FINISHED_THAT_SHOW

    def since_opening(self, record: Record, moment: float | None = None) -> float | None:
        """Return the seconds from the first record of the stream to *record*, or to *moment*; None if unknown."""
        edge, at = self.edge(record), seconds(record) if moment is None else moment
        return None if at is None or edge.first is None else at - edge.first - edge.disorder

    def silent_after(self, record: Record) -> float | None:
        """Return the seconds from *record* to the last one of its stream; None if unknown."""
        edge, at = self.edge(record), seconds(record)
        return None if at is None or edge.last is None else edge.last - at - edge.disorder

    def went_on_before(self, offset: int) -> bool:
        """Whether a worker had run many whole tasks before *offset*, one by one: none was then left from earlier."""
        return sum(begin < offset for begin in self.serial) >= FINISHED_THAT_SHOW

    def went_on_after(self, offset: int) -> bool:
        """Whether a worker that seems to have one slot ran whole tasks after *offset*."""
        return sum(begin > offset for begin in self.serial) >= TASKS_THAT_SHOW


class PartOfSample(Sample):
    """
    What is known while only a part of the sample was read.

    Answers what no further record can change, and raises `Unsettled` for all
    else: what a rule says without asking further holds in the whole sample too.
    """

    _KNOWN = frozenset({"whole", "owned_by_another", "shares_correlation"})

    def __getattribute__(self, name: str) -> object:
        """Return what is known already."""
        if name in PartOfSample._KNOWN or name.startswith("__"):
            return object.__getattribute__(self, name)
        raise Unsettled(name)


def seconds(record: Record) -> float | None:
    """Return a record's timestamp in seconds since the epoch, None where it is not as FMT003 has it."""
    text = record.members.get("timestamp")
    return instant(text) if isinstance(text, str) else None


def instant(text: str) -> float | None:
    """Return a timestamp in seconds since the epoch, None where it is not as FMT003 has it.

    >>> instant("1970-01-01T00:01:00.500000Z")
    60.5
    """
    if len(text) != _TIMESTAMP_LENGTH or text[-1] != "Z" or text[19] != ".":
        return None
    minute, rest = _minute(text[:16]), text[17:26]
    if minute is None or text[16] != ":" or not (rest[:2].isdigit() and rest[3:].isdigit()):
        return None
    return minute + int(rest[:2]) + int(rest[3:]) / 1_000_000


@lru_cache(maxsize=4_096)
def _minute(text: str) -> float | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
