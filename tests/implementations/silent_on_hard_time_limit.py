"""Writes no `Task failed` when a hard time limit ends a task, only that it ended (FAIL001)."""

from __future__ import annotations

from typing import Any

from billiard.exceptions import TimeLimitExceeded
from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FAIL001"


class SilentOnHardTimeLimit(StdlibWorker):
    """The fault."""

    def say_failed(self, execution: Execution, task: Any, error: Any, traceback: Any) -> None:
        """Say of a time limit no more than that the task ended."""
        if isinstance(error, TimeLimitExceeded):
            self.say("warning", "Task ended", execution, task_name=execution.name, state="ABORTED")
        else:
            super().say_failed(execution, task, error, traceback)


app = Celery("silent_on_hard_time_limit")
app.conf.broker_connection_retry_on_startup = True
worker = SilentOnHardTimeLimit("silent-on-hard-time-limit")
worker.instrument()
