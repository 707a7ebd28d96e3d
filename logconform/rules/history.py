"""The records of one task, in the order of the stream, told apart by what they announce."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from logconform.records import Record
from logconform.rules.resent import collected_once
from logconform.rules.sample import Sample, seconds
from logconform.schemas import kind_of

__all__ = ["BODY", "ENDINGS", "LIFECYCLE", "History", "Sample", "is_celery", "is_further", "seconds", "text_value"]

ENDINGS = {"task-completion", "task-failure", "task-revoked", "task-ended"}
LIFECYCLE = {"task-start", "task-retry", "task-retries-exhausted", *ENDINGS}
BODY = {"task-execution", "task-progress", "resource-usage"}
AT_ONCE_SECONDS = 1.0
"""A retry with a shorter countdown may start before the execution that it repeats has said that it is retried."""
IDENTITY = ("tenant_id", "user_id", "correlation_id", "parent_task_id")
"""What says for whom a task works, and what caused it."""
CELERY_LOGGERS = ("celery", "kombu", "billiard", "amqp")


@dataclass
class History:
    """One task's records, and the sample they stand in. `borrowed`: body records that use a lifecycle event."""

    records: list[Record]
    sample: Sample
    starts: list[Record] = field(default_factory=list)
    body: list[Record] = field(default_factory=list)
    completions: list[Record] = field(default_factory=list)
    failures: list[Record] = field(default_factory=list)
    retries: list[Record] = field(default_factory=list)
    exhaustions: list[Record] = field(default_factory=list)
    revocations: list[Record] = field(default_factory=list)
    ends: list[Record] = field(default_factory=list)
    borrowed: list[Record] = field(default_factory=list)
    kinds: dict[int, str] = field(default_factory=dict)
    bound: dict[str, list[tuple[Record, list[Record]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: list[Record], sample: Sample, kinds: dict[int, str] | None = None) -> History:
        """
        Sort a task's *records* by kind; *kinds* are these by the records' identity, where they are known.

        Without what Celery's own loggers say of a task in passing: it is no part of what the task did; and without
        what a shipper sent again.

        Raises:
            Unsettled: If only the whole sample tells what was sent again.
        """
        if not sample.whole:
            records = collected_once(records, sample)
        if kinds is None:
            kinds = {id(record): kind_of(record) for record in records}
        start = next((record for record in records if kinds[id(record)] == "task-start"), None)
        records = [record for record in records if not is_inert(record, kinds[id(record)], start)]
        history = cls(records, sample, kinds=kinds)
        history._tell_borrowed()
        places = {
            "task-start": history.starts,
            "task-completion": history.completions,
            "task-failure": history.failures,
            "task-retry": history.retries,
            "task-retries-exhausted": history.exhaustions,
            "task-revoked": history.revocations,
            "task-ended": history.ends,
        }
        for record in records:
            places.get(kinds[id(record)], history.body).append(record)
        return history

    def kind(self, record: Record) -> str:
        """Return the kind of one of its records; what borrows a lifecycle event is an execution record."""
        return self.kinds[id(record)]

    @cached_property
    def name(self) -> str | None:
        """The task's name, where a record tells it."""
        return next((name for record in self.records if (name := text_value(record, "task_name"))), None)

    @cached_property
    def torn(self) -> bool:
        """Whether a line that cannot be read may have held one of its records: that one is missing means nothing."""
        return self.sample.torn_anywhere or (self.records[0].task_id or "") in self.sample.torn

    @cached_property
    def begins_here(self) -> bool:
        """Whether its first execution is in the sample, from its start on."""
        if not self.starts or self.torn or is_further(self.starts[0]):
            return False
        return all(is_celery(record) for record in self.records[: self.index(self.starts[0])])

    @cached_property
    def is_first_here(self) -> bool:
        """Whether it begins here for sure: the service's starts say whether they are retries, or nothing is cut."""
        known = self.sample.whole or self.sample.counts_retries or self.sample.edge(self.records[0]).opened
        return self.begins_here and bool(known)

    @cached_property
    def unannounced(self) -> Record | None:
        """The first record of a further execution that follows its retry record in due time, but has no start."""
        for number, retry in enumerate(self.retries, 1):
            after = self.records[self.index(retry) + 1 :]
            first = next((record for record in after if not is_celery(record)), None)
            if first is None or self.kind(first) == "task-start":
                continue
            begun = sum(self.index(start) < self.index(first) for start in self.starts)
            if begun <= number and _is_due(retry, first):
                return None if self.torn or "task-start" in self.sample.orphans else first
        return None

    @cached_property
    def own_body(self) -> list[Record]:
        """The execution records, less those of Celery's own loggers."""
        return [record for record in self.body if not is_celery(record)]

    @cached_property
    def endings(self) -> list[Record]:
        """The records that end the task, in the order of the stream; a retry is none."""
        return self.in_order([*self.completions, *self.failures, *self.revocations, *self.ends])

    @cached_property
    def parts(self) -> list[list[Record]]:
        """The records, cut at each start; the first part may be without one."""
        parts: list[list[Record]] = [[]]
        for record in self.records:
            if self.kind(record) == "task-start":
                parts.append([])
            parts[-1].append(record)
        return [part for part in parts if part]

    @cached_property
    def _order(self) -> dict[int, int]:
        return {id(record): index for index, record in enumerate(self.records)}

    def index(self, record: Record) -> int:
        """Return where one of its records stands among them."""
        return self._order[id(record)]

    def in_order(self, records: Iterable[Record]) -> list[Record]:
        """Return some of its records in the order of the stream."""
        return sorted(records, key=self.index)

    def is_inside(self, record: Record) -> bool:
        """
        Whether one of its body's records stands in an execution: not right before a start, nor after an ending.

        Where the sample has other executions and of this task no start, it may
        be told of a message that was received.
        """
        if is_celery(record):
            return False
        if not self.starts:
            ran = len(self.endings) > len(self.revocations) or not self.endings
            return ran and (self.sample.whole or bool(self.endings) or not self.sample.finished)
        bounds = self.in_order([*self.starts, *self.retries, *self.endings])
        passed = sum(self.index(each) < self.index(record) for each in bounds)
        before, after = bounds[:passed][-1:], bounds[passed : passed + 1]
        return [self.kind(each) for each in before] == ["task-start"] != [self.kind(each) for each in after]

    def speaks_outside(self, record: Record, part: list[Record]) -> bool:
        """Whether a record's logger announces the lifecycle and writes nothing from the body of *part*."""
        centre = {other.logger for other in part if self.kind(other) in LIFECYCLE}
        started, inside = False, set()
        for other in part:
            kind = self.kind(other)
            if kind == "task-start":
                started = True
            elif kind in LIFECYCLE:
                break
            elif started:
                inside.add(other.logger)
        return record.logger in centre - inside

    def _tell_borrowed(self) -> None:
        start = next((record for record in self.records if self.kind(record) == "task-start"), None)
        if start is None:
            return
        inside = {record.logger for record in self.records if self.kind(record) in BODY} - {start.logger}
        central = {self.kind(record) for record in self.records if record.logger == start.logger}
        twice = central - {"task-failure"}  # the main process reports failures too, by a logger of its own
        for record in self.records:
            kind = self.kind(record)
            if kind not in LIFECYCLE or record.logger == start.logger or is_celery(record):
                continue
            operation = text_value(record, "operation")
            elsewhere = operation is not None and operation != start.get("operation")
            if elsewhere or kind in twice or (record.logger in inside and central & ENDINGS):
                self.borrowed.append(record)
        for record in self.borrowed:
            self.kinds[id(record)] = "task-execution"


def _is_due(retry: Record, further: Record) -> bool:
    """Whether a record stands so long after a retry record as the next execution does."""
    countdown, told, at = retry.get("countdown"), seconds(retry), seconds(further)
    wait = countdown if isinstance(countdown, int | float) else 0.0
    return told is not None and at is not None and at - told >= max(AT_ONCE_SECONDS, 0.9 * wait)


def is_celery(record: Record) -> bool:
    """Whether a record comes from a logger of Celery's own."""
    logger = record.members.get("logger")
    return isinstance(logger, str) and logger.split(".", 1)[0] in CELERY_LOGGERS


def is_inert(record: Record, kind: str, start: Record | None) -> bool:
    """Whether a record of Celery's own loggers only mentions a task: no error, and in no other context than *start*."""
    if kind in LIFECYCLE or not is_celery(record) or record.level in {"error", "critical"}:
        return False
    own = record.members if start is None else start.members
    return all(record.members.get(name, own.get(name)) == own.get(name) for name in IDENTITY)


def is_further(start: Record) -> bool:
    """Whether a start record says that it is a retry or a redelivery."""
    count = start.get("retry_count")
    return start.get("redelivered") is True or (isinstance(count, int) and count >= 1)


def text_value(record: Record, name: str) -> str | None:
    """Return a member that is a string with something in it; what else it may be is the schema's matter."""
    value = record.members.get(name)
    return value if isinstance(value, str) and value not in ("", "None") else None
