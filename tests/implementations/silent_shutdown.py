"""The worker stops without a word (LIFE001)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "LIFE001"


class SilentAtTheEnd(StdlibWorker):
    """The fault."""

    def on_worker_shutdown(self, **_: Any) -> None:
        """Say nothing."""


app = Celery("silent_shutdown")
app.conf.broker_connection_retry_on_startup = True
worker = SilentAtTheEnd("silent-shutdown")
worker.instrument()
adapter = worker.adapter
