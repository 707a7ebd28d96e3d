"""Two handlers write each library's record: one on the root logger, one on the logger's own (SINK001)."""

from __future__ import annotations

import logging

from celery import Celery

from tests.implementations._handler import direct_all_to
from tests.implementations._stdlib_worker import ContextFilter, StdlibHandler, StdlibWorker

VIOLATES = "SINK001"


class WritesTwice(StdlibWorker):
    """The fault."""

    def configure(self, level: int) -> None:
        """Give libraries a handler of their own, and let them propagate."""
        handler = StdlibHandler(self)
        handler.addFilter(ContextFilter(self))
        direct_all_to(handler, level)
        logging.getLogger("logconform.library").addHandler(handler)


app = Celery("writes_everything_twice")
app.conf.broker_connection_retry_on_startup = True
worker = WritesTwice("writes-everything-twice")
worker.instrument()
adapter = worker.adapter
