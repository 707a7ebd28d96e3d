"""Says that the retries are used up whenever a task fails (RETRY004)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "RETRY004"


class SaysExhaustedForAnyFailure(StdlibWorker):
    """The fault."""

    def is_exhausted(self, execution: Execution, task: Any, error: Any) -> bool:
        """Say so, always."""
        return True


app = Celery("says_exhausted_for_any_failure")
app.conf.broker_connection_retry_on_startup = True
worker = SaysExhaustedForAnyFailure("says-exhausted-for-any-failure")
worker.instrument()
