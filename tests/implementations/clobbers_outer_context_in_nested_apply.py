"""Clears everything after a task, also after one that another task runs in-process (CTX008)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._structlog_worker import StructlogWorker

VIOLATES = "CTX008"


class ClobbersOuterContextInNestedApply(StructlogWorker):
    """The fault."""

    def leave(self, execution: Execution, state: Any) -> None:
        """Clear everything."""
        self.swap_context({})


app = Celery("clobbers_outer_context_in_nested_apply")
app.conf.broker_connection_retry_on_startup = True
worker = ClobbersOuterContextInNestedApply("clobbers-outer-context-in-nested-apply")
worker.instrument()
