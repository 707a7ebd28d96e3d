"""Tells by its truth whether there is a return value: 0, False and an empty text are taken for none (DONE003)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "DONE003"


class ReturnValueFlagByTruth(StdlibWorker):
    """The fault."""

    def result_fields(self, retval: Any) -> dict[str, Any]:
        """Ask whether the value is true."""
        return {"has_return_value": bool(retval)}


app = Celery("return_value_flag_by_truth")
app.conf.broker_connection_retry_on_startup = True
worker = ReturnValueFlagByTruth("return-value-flag-by-truth")
worker.instrument()
