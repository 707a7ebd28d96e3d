"""Writes the return value into `Task completed` (DONE005)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "DONE005"


class LogsReturnValue(StdlibWorker):
    """The fault."""

    def result_fields(self, retval: Any) -> dict[str, Any]:
        """Add the value."""
        return {**super().result_fields(retval), "return_value": retval}


app = Celery("logs_return_value")
app.conf.broker_connection_retry_on_startup = True
worker = LogsReturnValue("logs-return-value")
worker.instrument()
