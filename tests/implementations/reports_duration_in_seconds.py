"""Writes seconds in `duration_ms` (DONE006)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "DONE006"


class ReportsDurationInSeconds(StdlibWorker):
    """The fault."""

    def say(self, level: str, event: str, *rest: Any, **fields: Any) -> None:
        """Divide once too often."""
        if "duration_ms" in fields:
            fields["duration_ms"] = round(fields["duration_ms"] / 1_000, 3)
        super().say(level, event, *rest, **fields)


app = Celery("reports_duration_in_seconds")
app.conf.broker_connection_retry_on_startup = True
worker = ReportsDurationInSeconds("reports-duration-in-seconds")
worker.instrument()
