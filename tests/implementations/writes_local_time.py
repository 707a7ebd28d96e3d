"""Writes local time with its offset instead of UTC with Z (FMT003)."""

from __future__ import annotations

from datetime import datetime

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT003"


class WritesLocalTime(Lines):
    """The fault."""

    def timestamp(self) -> str:
        """Return the wall clock of this place."""
        return datetime.now().astimezone().isoformat(timespec="microseconds")


app = Celery("writes_local_time")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("writes-local-time", WritesLocalTime())
worker.instrument()
