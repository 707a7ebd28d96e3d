"""Writes no retry record where `autoretry_for` asked for the retry (RETRY001)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "RETRY001"


class SilentOnAutoretry(StdlibWorker):
    """The fault."""

    def say_retrying(self, execution: Execution, task: Any, reason: Any) -> None:
        """Pass over what the task did not ask for itself."""
        if not getattr(task, "autoretry_for", ()):
            super().say_retrying(execution, task, reason)


app = Celery("silent_on_autoretry")
app.conf.broker_connection_retry_on_startup = True
worker = SilentOnAutoretry("silent-on-autoretry")
worker.instrument()
