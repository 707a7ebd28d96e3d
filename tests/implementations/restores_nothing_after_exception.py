"""Restores the context only where a block is left without an exception (CTX006)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import Adapter, StdlibWorker

VIOLATES = "CTX006"


class RestoresNothingAfterException(StdlibWorker):
    """The fault."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.adapter = ForgetfulAdapter(self)


class ForgetfulAdapter(Adapter):
    """The fault."""

    @contextmanager
    def log_context(self, **fields: Any) -> Iterator[None]:
        """Bind *fields* within the block."""
        before = self._worker.swap_context({**self._worker.context(), **fields})
        yield
        self._worker.swap_context(before)


app = Celery("restores_nothing_after_exception")
app.conf.broker_connection_retry_on_startup = True
worker = RestoresNothingAfterException("restores-nothing-after-exception")
worker.instrument()
adapter = worker.adapter
