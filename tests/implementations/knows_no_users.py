"""Binds the tenant alone, and never the user (CTX003)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX003"


class KnowsNoUsers(StdlibWorker):
    """The fault."""

    def identifiers(self, task: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        """Return the tenant."""
        return {name: value for name, value in super().identifiers(task, args, kwargs).items() if name != "user_id"}


app = Celery("knows_no_users")
app.conf.broker_connection_retry_on_startup = True
worker = KnowsNoUsers("knows-no-users")
worker.instrument()
