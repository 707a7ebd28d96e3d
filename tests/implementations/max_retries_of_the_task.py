"""Writes the `max_retries` of the task, where a call of `retry` has its own (RETRY001)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "RETRY001"


class MaxRetriesOfTheTask(StdlibWorker):
    """The fault."""

    def say_retrying(self, execution: Execution, task: Any, reason: Any) -> None:
        """Look at the task alone."""
        self._naive = True
        try:
            super().say_retrying(execution, task, reason)
        finally:
            self._naive = False

    def max_retries(self, task: Any, error: Any) -> int | None:
        """Return what the task declares."""
        if getattr(self, "_naive", False):
            return 9 if task.name.endswith("in_force") else super().max_retries(task, error)
        return super().max_retries(task, error)


app = Celery("max_retries_of_the_task")
app.conf.broker_connection_retry_on_startup = True
worker = MaxRetriesOfTheTask("max-retries-of-the-task")
worker.instrument()
