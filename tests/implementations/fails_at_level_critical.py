"""Writes `Task failed` at level critical (FAIL001)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FAIL001"


class FailsAtLevelCritical(StdlibWorker):
    """The fault."""

    def say(self, level: str, event: str, *rest: Any, **fields: Any) -> None:
        """Exaggerate."""
        super().say("critical" if event == "Task failed" else level, event, *rest, **fields)


app = Celery("fails_at_level_critical")
app.conf.broker_connection_retry_on_startup = True
worker = FailsAtLevelCritical("fails-at-level-critical")
worker.instrument()
