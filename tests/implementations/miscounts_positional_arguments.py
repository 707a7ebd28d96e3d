"""Counts a task's own `self` among its positional arguments (START003)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "START003"


class MiscountsPositionalArguments(StdlibWorker):
    """The fault."""

    def call_fields(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Count one too many."""
        return {**super().call_fields(args, kwargs), "args_count": len(args) + 1}


app = Celery("miscounts_positional_arguments")
app.conf.broker_connection_retry_on_startup = True
worker = MiscountsPositionalArguments("miscounts-positional-arguments")
worker.instrument()
