"""Never comes to a task: what it does before each one has no end."""

from __future__ import annotations

import threading
from typing import Any

from celery import Celery, signals

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = None  # what its log would be like, nobody knows


def wait_for_nobody(**_: Any) -> None:
    """The fault."""
    threading.Event().wait()


app = Celery("hangs_before_every_task")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("hangs-before-every-task")
worker.instrument()
signals.task_prerun.connect(wait_for_nobody)
