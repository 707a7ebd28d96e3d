"""Writes `Task failed, retrying` also on the last attempt, after which nothing is retried (RETRY003)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "RETRY003"


class SaysRetryingOnLastAttempt(StdlibWorker):
    """The fault."""

    def say_exhausted(self, execution: Execution, task: Any, error: Any, fields: dict[str, Any]) -> None:
        """Announce a retry that does not come."""
        told: dict[str, Any] = {
            "retry_count": execution.retries,
            "max_retries": self.max_retries(task, error),
            "countdown": 0,
        }
        short: dict[str, Any] = {"task_name": execution.name, "error": fields.get("error") or self.lines.error(error)}
        self.say("warning", "Task failed, retrying", execution, **short, **told)
        super().say_exhausted(execution, task, error, fields)


app = Celery("says_retrying_on_last_attempt")
app.conf.broker_connection_retry_on_startup = True
worker = SaysRetryingOnLastAttempt("says-retrying-on-last-attempt")
worker.instrument()
