"""Takes a falsy identifier such as 0 for none (CTX010)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._secrets import named_arguments
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX010"


class DropsFalsyId(StdlibWorker):
    """The fault."""

    def identifiers(self, task: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        """Bind what is true."""
        named = named_arguments(task, args, kwargs)
        found = super().identifiers(task, args, kwargs)
        return {name: value for name, value in found.items() if not isinstance(named[name], int) or named[name]}


app = Celery("drops_falsy_id")
app.conf.broker_connection_retry_on_startup = True
worker = DropsFalsyId("drops-falsy-id")
worker.instrument()
