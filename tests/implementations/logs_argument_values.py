"""Writes the arguments' values into the start record (START004)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "START004"


class LogsArgumentValues(StdlibWorker):
    """The fault."""

    def call_fields(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Add the values."""
        return {**super().call_fields(args, kwargs), "args_repr": list(args), "kwargs_repr": dict(kwargs)}


app = Celery("logs_argument_values")
app.conf.broker_connection_retry_on_startup = True
worker = LogsArgumentValues("logs-argument-values")
worker.instrument()
