"""Binds null as the tenant of a task that has none (CTX004)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX004"


class LogsNoneTenant(Lines):
    """The fault."""

    def add_context(self, members: dict[str, Any], context: Mapping[str, Any]) -> None:
        """Add the tenant whatever it is."""
        super().add_context(members, context)
        if "task_id" in context:
            members.setdefault("tenant_id", None)


app = Celery("logs_none_tenant")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("logs-none-tenant", LogsNoneTenant())
worker.instrument()
