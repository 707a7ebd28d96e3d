"""What a live judge remembers: tasks in flight, tasks that ended, and who worked for whom. Each is bounded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from logconform.partial import Line
from logconform.records import Record, read_line
from logconform.rules import History, Sample
from logconform.rules.history import LIFECYCLE, text_value
from logconform.schemas import kind_of

TASK_BYTES = 2_000_000
"""Of a task that wrote so much, only lifecycle records are kept from then on, and what is missing means nothing."""
TASK_BYTES_AT_MOST = 4 * TASK_BYTES
ENDED_BYTES = 32_000_000
"""Memory for the lifecycle records of tasks that ended, all together."""
ENDED_LINES = 64
"""Records kept of a task that ended: its first and its last ones."""
NAMES_KEPT = 50_000
"""Tenants and users, and tasks with their correlations, that are remembered: those heard of last."""

_LINE_OVERHEAD = 300  # bytes that Python needs around a line

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(OrderedDict[Key, Value]):
    """
    A mapping that forgets what was put longest ago, once there are more than *limit* entries.

    >>> names = Recent[str, int](2)
    >>> for number, name in enumerate("abac"):
    ...     names.put(name, number)
    >>> list(names)
    ['a', 'c']
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def put(self, key: Key, value: Value) -> None:
        """Set an entry, as the latest."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._limit:
            self.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Ending:
    """When a task ended: by the lines seen, by the log (seconds since the epoch) and by the clock (seconds)."""

    task_id: str
    path: str
    line: int
    at: float | None
    heard: float


@dataclass(slots=True)
class Task:
    """
    A task in flight, or one that ended a moment ago.

    `judged`: so many of its first records were judged, as a task, before it was
    heard of again. `told`: the form of so many is not to be judged any more.
    `surveyed`: its times are known to the sample. `cut`: not all of it is here.
    `at`: time of its last record in the log. `began`, `heard`: when its first
    and its last record came, by the clock.
    """

    began: float = 0.0
    heard: float = 0.0
    path: str = ""
    at: float | None = None
    records: list[Record] = field(default_factory=list)
    kinds: dict[int, str] = field(default_factory=dict)
    size: int = 0
    judged: int = 0
    told: int = 0
    cut: bool = False
    surveyed: bool = False
    ending: Ending | None = None

    def add(self, record: Record, kind: str) -> int:
        """Keep a record, unless there are too many; return by how many bytes the task grew."""
        if self.size > (TASK_BYTES_AT_MOST if kind in LIFECYCLE else TASK_BYTES):
            self.cut = True
            return 0
        self.records.append(record)
        self.kinds[id(record)] = kind
        self.size += len(record.raw)
        return len(record.raw)

    def history(self, sample: Sample, first: int | None = None) -> History:
        """Return the history of its records, or of the *first* ones."""
        return History.of(self.records[:first], sample, dict(self.kinds))


class Ended:
    """
    What a late record, or a second ending, is held against: of each task that was judged its lifecycle records.

    And one execution record, for rules that ask whether there is any.
    """

    def __init__(self, limit: int = ENDED_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._lines: OrderedDict[str, tuple[Line, ...]] = OrderedDict()

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def keep(self, task_id: str, history: History) -> None:
        """Remember a task; the ones that ended longest ago are forgotten for it."""
        kept = {id(record) for record in history.own_body[:1]}
        lines = [
            Line(record.place, record.raw)
            for record in history.records
            if history.kind(record) in LIFECYCLE or id(record) in kept
        ]
        if len(lines) > ENDED_LINES:
            lines = [*lines[: ENDED_LINES // 2], *lines[-ENDED_LINES // 2 :]]
        if not lines:
            return
        self._lines[task_id] = tuple(lines)
        self._size += _size_of(lines)
        while self._size > self._limit:
            self._size -= _size_of(self._lines.popitem(last=False)[1])

    def reopen(self, task_id: str) -> Task:
        """Return a task with what is remembered of it, which is nothing where it never ended."""
        task = Task()
        lines = self._lines.pop(task_id, ())
        self._size -= _size_of(lines)
        for line in lines:
            record = read_line(line.raw, line.place).record
            if record is not None:
                task.add(record, kind_of(record))
        task.judged = task.told = len(task.records)
        task.surveyed = bool(task.records)
        return task


def _size_of(lines: list[Line] | tuple[Line, ...]) -> int:
    return sum(len(line.raw) + _LINE_OVERHEAD for line in lines)


class Acquaintances:
    """Who works for whom: tenants and users with the tasks called for them, tasks with their correlations."""

    def __init__(self, limit: int = NAMES_KEPT) -> None:
        # Keys are hashes: a name may be of any length.
        self._bound: Recent[int, bool] = Recent(limit)
        self._owners: Recent[int, tuple[int, ...]] = Recent(limit)
        self._correlations: Recent[int, tuple[int, ...]] = Recent(limit)

    def see(self, record: Record, kind: str) -> None:
        """Take note of a task's record."""
        started = kind == "task-start"
        keys = record.get("kwargs_keys") if started else None
        called = keys if isinstance(keys, list) else []
        for name in ("tenant_id", "user_id", "correlation_id"):
            value = text_value(record, name)
            if value is None:
                continue
            self._bound.put(hash((name, value)), True)
            if name in called:
                _remember(self._owners, hash((name, value)), hash(record.task_id))
            elif started and name == "correlation_id":
                _remember(self._correlations, hash(record.task_id), hash(value))

    def has(self, name: str, value: str) -> bool:
        """Whether a task wrote with this member."""
        return hash((name, value)) in self._bound

    def owned_by_another(self, name: str, value: str, task_id: str) -> bool:
        """Whether another task than *task_id* was called with this tenant or user."""
        return any(owner != hash(task_id) for owner in self._owners.get(hash((name, value)), ()))

    def shares_correlation(self, parent: str, correlation: str | None) -> bool | None:
        """Whether *parent* was started with this correlation; None where that is not known."""
        known = self._correlations.get(hash(parent))
        return None if known is None else correlation is not None and hash(correlation) in known


def _remember(where: Recent[int, tuple[int, ...]], key: int, value: int) -> None:
    """Add *value* to what is known of *key*: the last two will do."""
    others = tuple(each for each in where.get(key, ()) if each != value)
    where.put(key, (*others[-1:], value))
