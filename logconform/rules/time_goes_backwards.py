"""Timestamps that go backwards within one execution."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, is_celery, seconds

_INSIDE = {"task-start", "task-execution", "task-progress", "resource-usage", "task-completion"}


class TimeGoesBackwards(TaskRule):
    """
    A record of an execution has an earlier timestamp than the one before it.

    **Known limits:** what the main process writes about the task, and what a
    retried execution still says while the next one has begun, is not compared.
    """

    requirement = "FMT016"
    fix = "Take the timestamp when the record is made, from one clock, and write records in that order."

    def check(self, history: History) -> Outcomes:
        for part in history.parts:
            if history.kind(part[0]) != "task-start":
                continue
            compared = False
            previous = part[0]
            for record in part[1:]:
                if (
                    history.kind(record) not in _INSIDE
                    or is_celery(record)
                    or self._is_straggler(record, part[0], history)
                ):
                    continue
                earlier, later = seconds(previous), seconds(record)
                if earlier is None or later is None:
                    continue
                compared = True
                if later < earlier:
                    yield self.finding(f"is {earlier - later:.6f} s before the record that precedes it", record)
                    break
                previous = record
            else:
                if compared:
                    yield None

    def _is_straggler(self, record: Record, start: Record, history: History) -> bool:
        if start is history.starts[0]:
            return False
        earlier, later = seconds(start), seconds(record)
        return earlier is not None and later is not None and later < earlier
