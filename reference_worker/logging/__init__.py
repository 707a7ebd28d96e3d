"""Structured logging for a Celery worker: one JSON object a line, with the task's context on every record.

A service needs two calls: `configure_structured_logging` from Celery's
`setup_logging` signal, and `instrument(app)` beside its app. Tasks then use
`get_logger` and `log_context`. Nothing here imports the rest of the service,
and nothing but `instrument` imports Celery: a script, or a web service that
only sends tasks, may log with it as well.
"""

from __future__ import annotations

from reference_worker.logging.configure import configure_structured_logging, get_logger
from reference_worker.logging.context import bind_context, clear_context, log_context
from reference_worker.logging.instrument import instrument

__all__ = [
    "bind_context",
    "clear_context",
    "configure_structured_logging",
    "get_logger",
    "instrument",
    "log_context",
]
