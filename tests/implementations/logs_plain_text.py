"""Writes plain text, as `logging.basicConfig` does."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = None  # no line is a record


class LogsPlainText(Lines):
    """The fault."""

    def encode(self, members: dict[str, Any]) -> str:
        """Return a line for people."""
        return f"[{members['timestamp']}] {members['level'].upper()} {members['logger']}: {members['event']}"


app = Celery("logs_plain_text")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("logs-plain-text", LogsPlainText())
worker.instrument()
