"""Writes records without end."""

from __future__ import annotations

import logging
import threading
from typing import Any, NoReturn

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = None  # each record conforms


class Floods(StdlibWorker):
    """The fault."""

    def on_worker_ready(self, **arguments: Any) -> None:
        """Start to talk."""
        super().on_worker_ready(**arguments)
        threading.Thread(target=talk, daemon=True).start()


def talk() -> NoReturn:
    """Write the same record again and again."""
    log = logging.getLogger("tests.implementations.floods")
    while True:
        log.info("Still talking")


app = Celery("floods")
app.conf.broker_connection_retry_on_startup = True
worker = Floods("floods")
worker.instrument()
