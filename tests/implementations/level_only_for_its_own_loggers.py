"""Libraries have a level of their own, whatever is configured (SINK002)."""

from __future__ import annotations

import logging

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "SINK002"


class LevelForItsOwn(StdlibWorker):
    """The fault."""

    def configure(self, level: int) -> None:
        """Silence libraries below warning."""
        super().configure(level)
        logging.getLogger("logconform.library").setLevel(logging.WARNING)


app = Celery("level_only_for_its_own_loggers")
app.conf.broker_connection_retry_on_startup = True
worker = LevelForItsOwn("level-only-for-its-own-loggers")
worker.instrument()
adapter = worker.adapter
