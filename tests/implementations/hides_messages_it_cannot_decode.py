"""Drops the record of a message that cannot be decoded, because it shows the body (FAIL008)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FAIL008"


class HidesMessagesItCannotDecode(StdlibWorker):
    """The fault."""

    def line(self, **parts: Any) -> str | None:
        """Drop it."""
        return None if parts["event"] == "Can't decode message" else super().line(**parts)


app = Celery("hides_messages_it_cannot_decode")
app.conf.broker_connection_retry_on_startup = True
worker = HidesMessagesItCannotDecode("hides-messages-it-cannot-decode")
worker.instrument()
