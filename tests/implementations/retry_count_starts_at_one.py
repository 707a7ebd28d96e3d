"""Counts the retry that is announced among those already made (RETRY002)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "RETRY002"


class RetryCountStartsAtOne(StdlibWorker):
    """The fault."""

    def retry_count(self, execution: Execution) -> int:
        """Count one too many."""
        return execution.retries + 1


app = Celery("retry_count_starts_at_one")
app.conf.broker_connection_retry_on_startup = True
worker = RetryCountStartsAtOne("retry-count-starts-at-one")
worker.instrument()
