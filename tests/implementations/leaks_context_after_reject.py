"""Clears the context unless the task was rejected: what is outside any, and the next, carries it (CTX005)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX005"


class LeaksContextAfterReject(StdlibWorker):
    """The fault."""

    def enter(self, execution: Execution) -> None:
        """Bind on top of what is there."""
        left = {name: value for name, value in self.context().items() if name in {"tenant_id", "user_id"}}
        super().enter(execution)
        if execution.outer is None:
            self.swap_context({**left, **execution.context})

    def leave(self, execution: Execution, state: Any) -> None:
        """Clear, unless the task was rejected."""
        if state != "REJECTED" or execution.outer is not None:
            super().leave(execution, state)


app = Celery("leaks_context_after_reject")
app.conf.broker_connection_retry_on_startup = True
worker = LeaksContextAfterReject("leaks-context-after-reject")
worker.instrument()
