"""Writes `retry_count` of a retry as a text (RETRY002)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "RETRY002"


class RetryCountAsText(StdlibWorker):
    """The fault."""

    def say(self, level: str, event: str, *rest: Any, **fields: Any) -> None:
        """Make it a text."""
        if event == "Task failed, retrying":
            fields["retry_count"] = str(fields["retry_count"])
        super().say(level, event, *rest, **fields)


app = Celery("retry_count_as_text")
app.conf.broker_connection_retry_on_startup = True
worker = RetryCountAsText("retry-count-as-text")
worker.instrument()
