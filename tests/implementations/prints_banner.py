"""Prints a plain line on standard output when it starts (FMT001)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT001"


class PrintsBanner(StdlibWorker):
    """The fault."""

    def on_worker_ready(self, **arguments: Any) -> None:
        """Greet."""
        if self.stream is not None:
            self.stream.write(" -------------- worker v1.0 (plain)")
        super().on_worker_ready(**arguments)


app = Celery("prints_banner")
app.conf.broker_connection_retry_on_startup = True
worker = PrintsBanner("prints-banner")
worker.instrument()
