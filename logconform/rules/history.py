"""The records of one task, in the order of the stream, told apart by what they announce."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from logconform.records import Record
from logconform.schemas import kind_of

ENDINGS = {"task-completion", "task-failure", "task-revoked", "task-ended"}
TASKS_THAT_SHOW = 2
"""So many whole tasks, none overlapping another, show that a worker had one slot."""
CELERY_LOGGERS = ("celery", "kombu", "billiard", "amqp")


@dataclass(frozen=True, slots=True)
class Sample:
    """
    What the whole sample tells a rule about one task's surroundings.

    `whole`: nothing was cut off. `first` and `last`: its edges in seconds.
    `serial`: where each whole task begins, if no two tasks overlap; else empty.
    `owners`: which tasks were announced with which tenant or user.
    """

    whole: bool
    first: float | None = None
    last: float | None = None
    serial: tuple[int, ...] = ()
    last_offset: int = 0
    owners: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    @classmethod
    def complete(cls) -> Sample:
        """Return the surroundings of a stream that is whole."""
        return cls(whole=True)

    def went_on_before(self, offset: int) -> bool:
        """Whether a worker with one slot had run whole tasks before *offset*: none was then left from earlier."""
        return sum(begin < offset for begin in self.serial) >= TASKS_THAT_SHOW

    def went_on_after(self, offset: int) -> bool:
        """Whether a worker with one slot ran whole tasks after *offset*: the one before was then over."""
        return sum(begin > offset for begin in self.serial) >= TASKS_THAT_SHOW


@dataclass
class History:
    """One task's records, and the sample they stand in."""

    records: list[Record]
    sample: Sample
    starts: list[Record] = field(default_factory=list)
    body: list[Record] = field(default_factory=list)
    completions: list[Record] = field(default_factory=list)
    failures: list[Record] = field(default_factory=list)
    retries: list[Record] = field(default_factory=list)
    exhaustions: list[Record] = field(default_factory=list)
    others: list[Record] = field(default_factory=list)

    @classmethod
    def of(cls, records: list[Record], sample: Sample) -> History:
        """Sort a task's *records* by kind."""
        history = cls(records, sample)
        places = {
            "task-start": history.starts,
            "task-completion": history.completions,
            "task-failure": history.failures,
            "task-retry": history.retries,
            "task-retries-exhausted": history.exhaustions,
            "task-revoked": history.others,
            "task-ended": history.others,
        }
        for record in records:
            places.get(kind_of(record), history.body).append(record)
        return history

    @cached_property
    def begins_here(self) -> bool:
        """Whether its first execution is in the sample, from its start on."""
        if not self.starts:
            return False
        return not is_further(self.starts[0])

    @cached_property
    def own_body(self) -> list[Record]:
        """The execution records, less those of Celery's own loggers."""
        return [record for record in self.body if not is_celery(record)]

    @cached_property
    def endings(self) -> list[Record]:
        """The records that end the task, in the order of the stream; a retry is none."""
        return sorted([*self.completions, *self.failures, *self.others], key=position)

    @cached_property
    def follows(self) -> bool:
        """Whether the sample surely goes on after the task's last record: its silence then means something."""
        return self.sample.whole or self.sample.last_offset > self.records[-1].place.offset

    def executions(self) -> list[list[Record]]:
        """Cut the records at each start; the first part may be without one."""
        parts: list[list[Record]] = [[]]
        for record in self.records:
            if kind_of(record) == "task-start":
                parts.append([])
            parts[-1].append(record)
        return [part for part in parts if part]


def is_celery(record: Record) -> bool:
    """Whether a record comes from a logger of Celery's own."""
    return (record.logger or "").split(".", 1)[0] in CELERY_LOGGERS


def is_further(start: Record) -> bool:
    """Whether a start record says that it is a retry or a redelivery."""
    count = start.get("retry_count")
    return start.get("redelivered") is True or (isinstance(count, int) and count >= 1)


def position(record: Record) -> tuple[str, int]:
    """Return what sorts records of one stream in its order."""
    return record.place.path, record.place.offset


def seconds(record: Record) -> float | None:
    """Return a record's timestamp in seconds since the epoch, None where it has none that can be read."""
    text = record.timestamp
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None else None
