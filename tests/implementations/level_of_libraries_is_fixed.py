"""The configured level is that of the service's own loggers; all others write from info on, always (SINK002)."""

from __future__ import annotations

import logging

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "SINK002"


class FixedForLibraries(StdlibWorker):
    """The fault."""

    def configure(self, level: int) -> None:
        """Set the level for the service's loggers alone."""
        super().configure(logging.INFO)
        logging.getLogger("logconform.probe").setLevel(level)


app = Celery("level_of_libraries_is_fixed")
app.conf.broker_connection_retry_on_startup = True
worker = FixedForLibraries("level-of-libraries-is-fixed")
worker.instrument()
adapter = worker.adapter
