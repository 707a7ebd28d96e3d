"""Says of every revoked task that it was terminated, also of one that had expired (LIFE002)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "LIFE002"


class ConfusesExpired(StdlibWorker):
    """The fault."""

    def on_task_revoked(
        self, sender: Any = None, request: Any = None, terminated: Any = None, expired: Any = None, **_: Any
    ) -> None:
        """Take one for the other."""
        super().on_task_revoked(sender, request, terminated=expired, expired=terminated)


app = Celery("confuses_expired_with_terminated")
app.conf.broker_connection_retry_on_startup = True
worker = ConfusesExpired("confuses-expired-with-terminated")
worker.instrument()
adapter = worker.adapter
