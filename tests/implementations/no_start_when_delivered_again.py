"""Announces a task only when its message is delivered for the first time (LIFE003)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "LIFE003"


class AnnouncesOnce(StdlibWorker):
    """The fault."""

    def say_start(self, execution: Execution, request: Any, args: Any, kwargs: Any) -> None:
        """Take a message that is delivered again for one that was announced."""
        if not (getattr(request, "delivery_info", None) or {}).get("redelivered"):
            super().say_start(execution, request, args, kwargs)


app = Celery("no_start_when_delivered_again")
app.conf.broker_connection_retry_on_startup = True
worker = AnnouncesOnce("no-start-when-delivered-again")
worker.instrument()
adapter = worker.adapter
