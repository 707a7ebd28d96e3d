"""Writes `Task completed` also for an execution that failed (DONE004)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "DONE004"


class CompletesWhatFailed(StdlibWorker):
    """The fault."""

    def completes(self, execution: Execution, state: Any) -> bool:
        """Take an end for a success; not after a retry, which would break RETRY006 too."""
        return state == "SUCCESS" or (state == "FAILURE" and not execution.retries)


app = Celery("completes_what_failed")
app.conf.broker_connection_retry_on_startup = True
worker = CompletesWhatFailed("completes-what-failed")
worker.instrument()
