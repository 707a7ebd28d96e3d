"""A worker that OpenTelemetry's instrumentation of Celery traces, and whose records carry the active span."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from tests.implementations._stdlib_worker import StdlibWorker


class TracedWorker(StdlibWorker):
    """The span's ids stand on every record that is written while it is active."""

    def line(self, **parts: Any) -> str | None:
        """Add the active span's ids."""
        ids = self.ids(trace.get_current_span().get_span_context())
        return super().line(**{**parts, "fields": {**parts.get("fields", {}), **ids}})

    def ids(self, active: trace.SpanContext) -> dict[str, str]:
        """Return the members that tell the span; none where none is active."""
        return span_ids(active) if active.is_valid else {}


def span_ids(active: trace.SpanContext) -> dict[str, str]:
    """Return a span's ids as the contract has them."""
    return {"trace_id": f"{active.trace_id:032x}", "span_id": f"{active.span_id:016x}"}


def instrument() -> None:
    """Trace every task of this process; the spans go nowhere."""
    trace.set_tracer_provider(TracerProvider())
    CeleryInstrumentor().instrument()
