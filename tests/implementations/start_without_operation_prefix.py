"""Takes the bare task name as operation, without `task.` before it (CTX007)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX007"


class StartWithoutOperationPrefix(StdlibWorker):
    """The fault."""

    def operation(self, name: str) -> str:
        """Return the bare name."""
        return name


app = Celery("start_without_operation_prefix")
app.conf.broker_connection_retry_on_startup = True
worker = StartWithoutOperationPrefix("start-without-operation-prefix")
worker.instrument()
