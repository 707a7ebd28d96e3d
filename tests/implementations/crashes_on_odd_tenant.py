"""Raises while it binds a tenant that is no text, number or UUID: the task runs under the last context (CTX013)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._secrets import named_arguments
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX013"


class CrashesOnOddTenant(StdlibWorker):
    """The fault."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.odd: set[str] = set()

    def enter(self, execution: Execution) -> None:
        """Bind, unless the tenant is odd."""
        if execution.task_id in self.odd:
            raise TypeError("a tenant must be a text, a number or a UUID")
        super().enter(execution)

    def identifiers(self, task: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        """Note what is odd."""
        tenant = named_arguments(task, args, kwargs).get("tenant_id")
        if tenant is not None and not isinstance(tenant, str | int | UUID):
            self.odd.add(task.request.id)
        return super().identifiers(task, args, kwargs)


app = Celery("crashes_on_odd_tenant")
app.conf.broker_connection_retry_on_startup = True
worker = CrashesOnOddTenant("crashes-on-odd-tenant")
worker.instrument()
