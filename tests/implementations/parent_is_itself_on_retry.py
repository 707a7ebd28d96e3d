"""Names on a retry the task as its own parent, as Celery does (CTX012)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX012"


class ParentIsItselfOnRetry(StdlibWorker):
    """The fault."""

    def descent(self, task_id: str, request: Any) -> dict[str, Any]:
        """Take what Celery says."""
        descent = super().descent(task_id, request)
        parent = getattr(request, "parent_id", None)
        return {**descent, "parent_task_id": parent} if parent else descent


app = Celery("parent_is_itself_on_retry")
app.conf.broker_connection_retry_on_startup = True
worker = ParentIsItselfOnRetry("parent-is-itself-on-retry")
worker.instrument()
