"""Writes identifiers that are integers as numbers (CTX010)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX010"


class IntegerIds(Lines):
    """The fault."""

    def identifier(self, value: Any) -> Any:
        """Keep integers."""
        return value if isinstance(value, int) else super().identifier(value)


app = Celery("integer_ids")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("integer-ids", IntegerIds())
worker.instrument()
