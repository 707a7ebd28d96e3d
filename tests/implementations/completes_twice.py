"""Writes `Task completed` twice (DONE001)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "DONE001"


class CompletesTwice(StdlibWorker):
    """The fault."""

    def say_completed(self, execution: Execution, retval: Any) -> None:
        """Say it again; not after a retry, which would break RETRY006 too."""
        super().say_completed(execution, retval)
        if not execution.retries:
            super().say_completed(execution, retval)


app = Celery("completes_twice")
app.conf.broker_connection_retry_on_startup = True
worker = CompletesTwice("completes-twice")
worker.instrument()
