"""Celery's own set-up of logging stays, and writes to standard error what the service writes too (SINK001)."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery, signals

from tests.implementations._stdlib_worker import ContextFilter, StdlibHandler, StdlibWorker

VIOLATES = "SINK001"


class BesideCelery(StdlibWorker):
    """The fault: its handler comes in addition."""

    def instrument(self) -> None:
        """Wait until Celery has set logging up, instead of doing it."""
        super().instrument()
        signals.setup_logging.receivers.clear()
        signals.after_setup_logger.connect(self.add_handler, weak=False)
        signals.after_setup_task_logger.connect(self.add_handler, weak=False)

    def add_handler(self, logger: logging.Logger, **_: Any) -> None:
        """Add the service's handler to a logger that Celery has given one."""
        for celerys in logger.handlers:
            celerys.addFilter(shows_no_exception)
        handler = StdlibHandler(self)
        handler.addFilter(ContextFilter(self))
        logger.addHandler(handler)


def shows_no_exception(record: logging.LogRecord) -> bool:
    """Whether Celery's own handler may write a record: an exception's message would show secrets as well (SAFE001)."""
    return record.exc_info is None


app = Celery("leaves_celerys_handlers")
app.conf.broker_connection_retry_on_startup = True
worker = BesideCelery("leaves-celerys-handlers")
worker.instrument()
adapter = worker.adapter
