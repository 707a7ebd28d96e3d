"""A task that is revoked, or comes too late, leaves no trace (LIFE002)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "LIFE002"


class SilentOnRevocation(StdlibWorker):
    """The fault."""

    def on_task_revoked(self, **_: Any) -> None:
        """Say nothing."""


app = Celery("silent_on_revocation")
app.conf.broker_connection_retry_on_startup = True
worker = SilentOnRevocation("silent-on-revocation")
worker.instrument()
adapter = worker.adapter
