"""Binds a correlation id only where none is bound, and never clears it (CTX005)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX005"


class KeepsCorrelationOfLastTask(StdlibWorker):
    """The fault."""

    def enter(self, execution: Execution) -> None:
        """Keep the correlation id that is bound."""
        left = {name: value for name, value in self.context().items() if name == "correlation_id"}
        execution.context = {**execution.context, **left}
        super().enter(execution)

    def leave(self, execution: Execution, state: Any) -> None:
        """Clear all but the correlation id."""
        super().leave(execution, state)
        if execution.outer is None:
            self.swap_context({"correlation_id": execution.context["correlation_id"]})


app = Celery("keeps_correlation_of_last_task")
app.conf.broker_connection_retry_on_startup = True
worker = KeepsCorrelationOfLastTask("keeps-correlation-of-last-task")
worker.instrument()
