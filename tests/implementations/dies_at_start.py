"""Ends before it takes a task."""

from __future__ import annotations

from typing import Any, NoReturn

from celery import Celery, signals

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = None  # there is no log to judge


class DiesAtStart(StdlibWorker):
    """The fault."""

    def instrument(self) -> None:
        """Connect what ends the worker."""
        super().instrument()
        signals.worker_init.connect(self.on_worker_init, weak=False)

    def on_worker_init(self, **_: Any) -> NoReturn:
        """End: Celery catches what else a receiver raises."""
        raise SystemExit("the settings are incomplete")


app = Celery("dies_at_start")
app.conf.broker_connection_retry_on_startup = True
worker = DiesAtStart("dies-at-start")
worker.instrument()
