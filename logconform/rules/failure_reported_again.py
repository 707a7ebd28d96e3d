"""A failure that Celery's own logger reports once more."""

from __future__ import annotations

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, is_celery


class FailureReportedAgain(TaskRule):
    """Celery's `raised unexpected` line stands beside `Task failed` at error level; the alert fires twice."""

    requirement = "FAIL007"
    fix = "Lower the level of `celery.app.trace`'s own failure line: `Task failed` says it already."

    def check(self, history: History) -> Outcomes:
        if not history.failures:
            return
        again = [record for record in history.body if is_celery(record) and record.level in {"error", "critical"}]
        yield self.finding("reports at error level what `Task failed` reports already", again[0]) if again else None
