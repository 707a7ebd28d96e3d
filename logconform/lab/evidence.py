"""What one worker wrote, laid beside what really happened: the ground on which audits stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

from logconform.findings import Finding, Verdict, without_values
from logconform.lab.log_file import Part
from logconform.lab.truth import Execution, Task, Truth
from logconform.records import Place, Reading, Record
from logconform.secrets import excerpt

LIFECYCLE_EVENTS = frozenset(
    {
        "Task starting",
        "Task completed",
        "Task failed",
        "Task failed, retrying",
        "Task failed permanently after max retries",
        "Task revoked",
        "Task ended",
    }
)
SPOKEN_EVENTS = ("Probe ", "Library ")


@dataclass(frozen=True, slots=True)
class Sent:
    """A task that the lab sent (or had run): its id, its nonce, and what it was called with."""

    task_id: str
    probe: str
    name: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Log:
    """
    A worker's log stream, read to its last byte, and the verdict of readers, schemas and rules on it.

    `parts` is what it added to the service's log file, rotated or not. `told_to_stop`
    is when it was sent SIGTERM, by the oracle's clock; None where that did not end it.
    """

    readings: list[Reading]
    verdict: Verdict
    stderr: list[Reading] = field(default_factory=list)
    truncated: bool = False
    parts: list[Part] = field(default_factory=list)
    told_to_stop: float | None = None
    faults: Mapping[str, Collection[str]] = field(default_factory=dict)
    """What the verdict's findings come to, by requirement; see `logconform.lab.faults`."""

    @cached_property
    def records(self) -> list[Record]:
        """Every line that is a record, in the order of the stream."""
        return [reading.record for reading in self.readings if reading.record is not None]

    @cached_property
    def by_task(self) -> dict[str, list[Record]]:
        """Records by the `task_id` they carry."""
        found: dict[str, list[Record]] = {}
        for record in self.records:
            if record.task_id is not None:
                found.setdefault(record.task_id, []).append(record)
        return found

    @cached_property
    def by_place(self) -> dict[Place, Reading]:
        """Every line by its place."""
        return {reading.place: reading for reading in self.readings}

    def mentioning(self, text: str) -> list[Reading]:
        """Return the lines in which *text* stands, records or not."""
        whole, starts = self._whole
        sought, found = text.encode(), []
        position = whole.find(sought)
        while position >= 0:
            line = bisect_right(starts, position) - 1
            if sought in self.readings[line].raw:  # and not across the end of a line
                found.append(self.readings[line])
            position = whole.find(sought, starts[line + 1])
        return found

    def anywhere(self, text: str) -> list[Reading]:
        """Return the lines in which *text* stands, of whatever the worker wrote: console, standard error, log file."""
        sought = text.encode()
        aside = [*self.stderr, *(line for part in self.parts for line in part.readings)]
        return [*self.mentioning(text), *(line for line in aside if sought in line.raw)]

    @cached_property
    def _whole(self) -> tuple[bytes, list[int]]:
        """The stream in one piece, and where in it each line starts (and where the next would)."""
        starts = [0, *accumulate(len(reading.raw) for reading in self.readings)]
        return b"".join(reading.raw for reading in self.readings), starts

    def lifecycle(self, task_id: str, event: str) -> list[Record]:
        """Return the records of one lifecycle event that carry *task_id*; a resource usage record is none."""
        return [
            record
            for record in self.by_task.get(task_id, [])
            if record.event == event and not _is_resource_usage(record)
        ]


@dataclass
class Seen:
    """A scenario's view: the log of its worker, the truth, and the tasks that it sent, by role."""

    log: Log
    truth: Truth
    pool: str
    roles: Mapping[str, list[Sent]]
    broker_secret: str | None = None
    log_file: Path | None = None

    @property
    def sent(self) -> list[Sent]:
        """Every task of the scenario, in the order of sending."""
        return [sent for group in self.roles.values() for sent in group]

    def task(self, sent: Sent) -> Task:
        """Return what really happened to a task."""
        return self.truth.task(sent.task_id)

    def executions(self, sent: Sent) -> list[Execution]:
        """Return the executions of a task, in their order."""
        return self.task(sent).executions

    def spoken(self, sent: Sent) -> list[Record]:
        """
        Return the records that the task's body wrote, whatever their context says.

        No word marks what a task of the service's own writes: there it is all that carries the task's id.
        """
        if sent.facts.get("own"):
            return [record for record in self.log.by_task.get(sent.task_id, []) if _is_of_body(record)]
        return [
            reading.record
            for reading in self.log.mentioning(sent.probe)
            if reading.record is not None and _is_spoken(reading.record, sent.probe)
        ]

    def point(self, sent: Sent, point: str) -> Record | None:
        """Return the record that a body wrote at one of its points."""
        return next((record for record in self.spoken(sent) if said(record, "point") == point), None)

    def lifecycle(self, sent: Sent, event: str) -> list[Record]:
        """Return the lifecycle records of one event that carry the task's id."""
        return self.log.lifecycle(sent.task_id, event)


def fault(
    message: str, record: Record | Reading | None = None, *, task_id: str | None = None, fix: str = ""
) -> Finding:
    """Make a finding; the step that asked for the audit says which requirement it is about."""
    told = record if isinstance(record, Record) else None
    return Finding(
        requirement="",
        message=message,
        place=None if record is None else record.place,
        task_id=task_id or (told.task_id if told else None),
        evidence="" if record is None else excerpt(record.raw),
        fix=fix,
        logger=told.logger if told else None,
        event=told.event if told else None,
        shape=without_values(message),
    )


def said(record: Record, name: str) -> Any:
    """Return what a probe said under *name*: at the top, or one level down, where some loggers keep a call's fields."""
    if name in record.members:
        return record.members[name]
    nested = (value[name] for value in record.members.values() if isinstance(value, dict) and name in value)
    return next(nested, None)


def shown_in(record: Record, name: str) -> str:
    """Return a record's member as a message shows it: what is missing is not null.

    >>> record = Record(Place("-", 1, 0), b"", {"tenant_id": None})
    >>> shown_in(record, "tenant_id"), shown_in(record, "user_id")
    ('null', 'missing')
    """
    return show(record.get(name)) if name in record.members else "missing"


def show(value: object) -> str:
    """Return a member's value as a message shows it.

    >>> show("acme"), show(None)
    ('"acme"', 'null')
    """
    if isinstance(value, str):
        return f'"{value[:80]}"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)[:80]


def _is_resource_usage(record: Record) -> bool:
    return record.event == "Task completed" and record.get("state") is None and "memory_used_mb" in record.members


def _is_of_body(record: Record) -> bool:
    return record.event not in LIFECYCLE_EVENTS and not (record.logger or "").startswith("celery")


def _is_spoken(record: Record, probe: str) -> bool:
    if record.event in LIFECYCLE_EVENTS:
        return False
    if said(record, "probe") == probe or (record.logger or "").startswith(f"logconform.library.{probe}"):
        return bool(said(record, "point") != "outside")
    return (record.event or "").startswith(SPOKEN_EVENTS) and not (record.logger or "").startswith("celery")


Checks = Iterator[Finding | None]
"""What an audit yields: None for each check that holds, a finding for each that does not."""
