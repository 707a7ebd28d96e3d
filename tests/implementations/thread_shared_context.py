"""Keeps the context in one place for all threads (CTX011; to be run with `--pool threads`)."""

from __future__ import annotations

from typing import Any, ClassVar

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX011"


class ThreadSharedContext(StdlibWorker):
    """The fault."""

    _shared: ClassVar[dict[str, Any]] = {}

    def swap_context(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Bind for everybody."""
        before = dict(self._shared)
        self._shared.clear()
        self._shared.update(fields)
        return before

    def context(self) -> dict[str, Any]:
        """Return what anybody bound last."""
        return dict(self._shared)


app = Celery("thread_shared_context")
app.conf.broker_connection_retry_on_startup = True
worker = ThreadSharedContext("thread-shared-context")
worker.instrument()
