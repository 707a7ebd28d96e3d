"""An execution record that uses a lifecycle event."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History


class LifecycleEventBorrowed(TaskRule):
    """
    A task's body writes an event that belongs to the lifecycle; who selects by event counts it twice.

    It is told by its logger: another one than that of the task's start, beside a record of that logger with the
    same event, or without the `task_name` that lifecycle records have.
    """

    requirement = "EXEC002"
    fix = "Give the record an event of its own; the lifecycle is announced centrally, from Celery's signals."

    def check(self, history: History) -> Outcomes:
        if not history.starts:
            return
        central = history.starts[0].logger
        groups = (history.completions, history.failures, history.retries, history.exhaustions, history.starts)
        borrowed = [record for group in groups for record in self._strangers(group, central)]
        for record in borrowed:
            yield self.finding(f"a record of {record.logger} uses the lifecycle event {record.event!r}", record)
        if history.own_body and not borrowed:
            yield None

    def _strangers(self, group: list[Record], central: str | None) -> list[Record]:
        if not any(record.logger == central for record in group):
            return []
        return [record for record in group if record.logger != central]
