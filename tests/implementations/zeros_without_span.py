"""Writes the ids of the invalid span where no span is active (TRACE002)."""

from __future__ import annotations

from celery import Celery
from opentelemetry import trace

from tests.implementations._traced_worker import TracedWorker, span_ids

VIOLATES = "TRACE002"


class Zeros(TracedWorker):
    """The fault."""

    def ids(self, active: trace.SpanContext) -> dict[str, str]:
        """Ask no question."""
        return span_ids(active)


app = Celery("zeros_without_span")
app.conf.broker_connection_retry_on_startup = True
worker = Zeros("zeros-without-span")
worker.instrument()
adapter = worker.adapter
