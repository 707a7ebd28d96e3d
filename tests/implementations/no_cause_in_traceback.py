"""Writes tracebacks without the causes of the exception (FAIL004)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._structlog_worker import StructlogWorker
from tests.implementations._values import traceback_text

VIOLATES = "FAIL004"


class NoCauseInTraceback(Lines):
    """The fault."""

    def traceback(self, error: BaseException) -> str:
        """Return the last traceback only."""
        return traceback_text(error, chain=False)


app = Celery("no_cause_in_traceback")
app.conf.broker_connection_retry_on_startup = True
worker = StructlogWorker("no-cause-in-traceback", NoCauseInTraceback())
worker.instrument()
