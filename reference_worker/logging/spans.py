"""The active OpenTelemetry span, where a service uses OpenTelemetry; there is no dependency on it."""

from __future__ import annotations

import sys
from typing import Any


def active_span() -> dict[str, str]:
    """Return `trace_id` and `span_id` of the active span; nothing where there is none.

    A span can only be active if something has imported OpenTelemetry already.
    """
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    try:
        span = trace.get_current_span().get_span_context()
        ids = {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
    except Exception:  # tracing must never cost a record
        return {}
    return ids if span.is_valid else {}
