"""An execution record that uses a lifecycle event."""

from __future__ import annotations

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History


class LifecycleEventBorrowed(TaskRule):
    """
    A task's body writes an event that belongs to the lifecycle; who selects by event counts it twice.

    It is told by its logger, another one than that of the task's start, and by
    what else it shows: an operation of the body's own, or a logger that the
    body uses, beside a record of the same kind or an ending written centrally.

    **Known limits:** without the task's start nobody knows which logger is the lifecycle's.
    """

    requirement = "EXEC002"
    fix = "Give the record an event of its own; the lifecycle is announced centrally, from Celery's signals."

    def check(self, history: History) -> Outcomes:
        for record in history.borrowed:
            yield self.finding(f"a record of {record.logger} uses the lifecycle event {record.event!r}", record)
        if history.starts and history.own_body and not history.borrowed:
            yield None
