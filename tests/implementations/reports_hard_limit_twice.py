"""Writes `Task failed` for each report of a hard time limit, of which Celery makes two (FAIL001)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FAIL001"


class ReportsHardLimitTwice(StdlibWorker):
    """The fault."""

    def is_first_report(self, kind: str, task_id: str) -> bool:
        """Take every failure for the first."""
        return kind == "failure" or super().is_first_report(kind, task_id)


app = Celery("reports_hard_limit_twice")
app.conf.broker_connection_retry_on_startup = True
worker = ReportsHardLimitTwice("reports-hard-limit-twice")
worker.instrument()
