"""Says nothing of used up retries where `autoretry_for` asked for them (RETRY004)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "RETRY004"


class NoExhaustionWithAutoretry(StdlibWorker):
    """The fault."""

    def is_exhausted(self, execution: Execution, task: Any, error: Any) -> bool:
        """Look for what `Task.retry` alone would raise."""
        return not getattr(task, "autoretry_for", ()) and super().is_exhausted(execution, task, error)


app = Celery("no_exhaustion_with_autoretry")
app.conf.broker_connection_retry_on_startup = True
worker = NoExhaustionWithAutoretry("no-exhaustion-with-autoretry")
worker.instrument()
