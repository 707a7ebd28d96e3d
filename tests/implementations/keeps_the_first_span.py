"""Goes on writing the first span that it saw in a process (TRACE001)."""

from __future__ import annotations

from celery import Celery
from opentelemetry import trace

from tests.implementations._traced_worker import TracedWorker, instrument, span_ids

VIOLATES = "TRACE001"


class KeepsFirstSpan(TracedWorker):
    """The fault."""

    kept: dict[str, str] | None = None

    def ids(self, active: trace.SpanContext) -> dict[str, str]:
        """Ask only once within a trace."""
        if not active.is_valid:
            return {}
        now = span_ids(active)
        if self.kept is None or active.is_remote:
            self.kept = now
        return {**now, "span_id": self.kept["span_id"]}


instrument()
app = Celery("keeps_the_first_span")
app.conf.broker_connection_retry_on_startup = True
worker = KeepsFirstSpan("keeps-the-first-span")
worker.instrument()
adapter = worker.adapter
