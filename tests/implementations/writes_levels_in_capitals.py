"""Writes levels as the standard library calls them: `INFO`, `ERROR` (FMT004)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT004"


class WritesLevelsInCapitals(Lines):
    """The fault."""

    def encode(self, members: dict[str, Any]) -> str:
        """Return the record as JSON."""
        return super().encode({**members, "level": members["level"].upper()})


app = Celery("writes_levels_in_capitals")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("writes-levels-in-capitals", WritesLevelsInCapitals())
worker.instrument()
