"""Counts `self` of a bound task as an argument (START003)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "START003"


class CountsSelfAsArgument(StdlibWorker):
    """The fault."""

    def say_start(self, execution: Execution, request: Any, args: Any, kwargs: Any) -> None:
        """Count one more."""
        super().say_start(execution, request, (request, *args), kwargs)


app = Celery("counts_self_as_argument")
app.conf.broker_connection_retry_on_startup = True
worker = CountsSelfAsArgument("counts-self-as-argument")
worker.instrument()
