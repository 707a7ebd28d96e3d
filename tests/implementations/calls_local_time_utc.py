"""Writes the wall clock of a place two hours from Greenwich, with a `Z` behind it (FMT003)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT003"
HERE = timezone(timedelta(hours=2))


class CallsLocalTimeUtc(Lines):
    """The fault."""

    def timestamp(self) -> str:
        """Return the wall clock of this place."""
        return datetime.now(HERE).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


app = Celery("calls_local_time_utc")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("calls-local-time-utc", CallsLocalTimeUtc())
worker.instrument()
