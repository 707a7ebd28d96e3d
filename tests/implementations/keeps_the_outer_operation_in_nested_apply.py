"""Binds an operation only where none is bound: a task that another one runs in-process has the outer one's (CTX008)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX008"


class KeepsTheOuterOperationInNestedApply(StdlibWorker):
    """The fault."""

    def enter(self, execution: Execution) -> None:
        """Keep the operation that is bound."""
        bound = {name: value for name, value in self.context().items() if name == "operation"}
        execution.context = {**execution.context, **bound}
        super().enter(execution)


app = Celery("keeps_the_outer_operation_in_nested_apply")
app.conf.broker_connection_retry_on_startup = True
worker = KeepsTheOuterOperationInNestedApply("keeps-the-outer-operation-in-nested-apply")
worker.instrument()
