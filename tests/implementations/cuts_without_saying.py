"""Cuts what is too long, and does not say so (FMT011)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT011"


class CutsWithoutSaying(Lines):
    """The fault."""

    def encode(self, members: dict[str, Any]) -> str:
        """Keep quiet about it."""
        return super().encode(members).replace(', "truncated": true', "")


app = Celery("cuts_without_saying")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("cuts-without-saying", CutsWithoutSaying())
worker.instrument()
