"""Leaves the tenant out of records with an exception (CTX002)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from logconform.lab.evidence import LIFECYCLE_EVENTS
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX002"


class DropsTenantOnErrorRecords(StdlibWorker):
    """The fault."""

    def line(self, **parts: Any) -> str | None:
        """Drop it."""
        if parts.get("error") is not None and parts["event"] not in LIFECYCLE_EVENTS:
            parts["context"] = {name: value for name, value in parts["context"].items() if name != "tenant_id"}
        return super().line(**parts)


app = Celery("drops_tenant_on_error_records")
app.conf.broker_connection_retry_on_startup = True
worker = DropsTenantOnErrorRecords("drops-tenant-on-error-records")
worker.instrument()
