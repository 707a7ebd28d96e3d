"""Begins a new trace for each task, whatever its sender's is (TRACE003)."""

from __future__ import annotations

from typing import Any

from celery import Celery
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider

from tests.implementations._lifecycle import Execution
from tests.implementations._traced_worker import TracedWorker

VIOLATES = "TRACE003"


class TraceOfItsOwn(TracedWorker):
    """The fault."""

    def enter(self, execution: Execution) -> None:
        """Begin a trace."""
        super().enter(execution)
        span = trace.get_tracer(__name__).start_span("task", context=context.Context())
        self.token = context.attach(trace.set_span_in_context(span))

    def leave(self, execution: Execution, state: Any) -> None:
        """End it."""
        context.detach(self.token)
        super().leave(execution, state)


trace.set_tracer_provider(TracerProvider())
app = Celery("begins_a_trace_of_its_own")
app.conf.broker_connection_retry_on_startup = True
worker = TraceOfItsOwn("begins-a-trace-of-its-own")
worker.instrument()
adapter = worker.adapter
