"""Announces the first execution only (START001)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "START001"


class NoStartForRetries(StdlibWorker):
    """The fault."""

    def say_start(self, execution: Execution, request: Any, args: Any, kwargs: Any) -> None:
        """Say nothing on a retry."""
        if not execution.retries:
            super().say_start(execution, request, args, kwargs)


app = Celery("no_start_for_retries")
app.conf.broker_connection_retry_on_startup = True
worker = NoStartForRetries("no-start-for-retries")
worker.instrument()
