"""Writes nothing at all."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = None  # nothing is tested


class NeverLogs(StdlibWorker):
    """The fault."""

    def line(self, **parts: Any) -> str | None:
        """Return nothing."""
        return None


app = Celery("never_logs")
app.conf.broker_connection_retry_on_startup = True
worker = NeverLogs("never-logs")
worker.instrument()
