"""Clears the context only after a success: the next task, and what is outside any, carries the last one's (CTX005)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._structlog_worker import StructlogWorker

VIOLATES = "CTX005"


class LeaksContextAfterFailure(StructlogWorker):
    """The fault."""

    def enter(self, execution: Execution) -> None:
        """Bind on top of what is there."""
        left = {name: value for name, value in self.context().items() if name in {"tenant_id", "user_id"}}
        super().enter(execution)
        if execution.outer is None:
            self.swap_context({**left, **execution.context})

    def leave(self, execution: Execution, state: Any) -> None:
        """Clear, but only if all went well."""
        if state == "SUCCESS" or execution.outer is not None:
            super().leave(execution, state)


app = Celery("leaks_context_after_failure")
app.conf.broker_connection_retry_on_startup = True
worker = LeaksContextAfterFailure("leaks-context-after-failure")
worker.instrument()
