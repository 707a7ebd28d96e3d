"""Celery's own records about single tasks, rewritten: constant events, and nothing of the task's arguments.

As Celery writes them they hold arguments, return values or whole message
bodies (SAFE001, FAIL008), and report a failure a second time at level error.
A failure is on record as `Task failed`; Celery's line about it is therefore
written at level info (FAIL007). Nothing is dropped for it: the configured
level decides, as for every record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reference_worker.logging.encoding import Plain
from reference_worker.logging.execution import guarded_values
from reference_worker.logging.redaction import beginning
from reference_worker.logging.tracebacks import describe_exception


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What is written instead of a record of Celery's."""

    level: str
    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def rewrite(record: logging.LogRecord) -> Rewritten | None:
    """Return what to write instead of *record*; None where it can be written as it is."""
    if not record.name.startswith("celery."):
        return None
    template = str(record.msg)
    for logger, opening, rewriting in _REWRITINGS:
        if record.name.startswith(logger) and template.startswith(opening):
            return rewriting(record)
    return None


def _about_task(record: logging.LogRecord) -> Rewritten | None:
    """Rewrite a record of `celery.app.trace` or of the worker's strategy: its arguments are one mapping."""
    told = record.args
    if not isinstance(told, Mapping):
        return None
    doing = str(told.get("description") or _doing(str(record.msg)))
    failed = record.levelno >= logging.ERROR
    return Rewritten(
        "info" if failed else _level(record),
        f"Task {doing.lower()}",
        {"message": f"Task {told.get('name')}[{told.get('id')}] {doing.lower()}"},
    )


def _doing(template: str) -> str:
    """Return the words of a template that are no placeholder: `received`, `succeeded in`, `retry`.

    >>> _doing("Task %(name)s[%(id)s] succeeded in %(runtime)ss: %(return_value)s")
    'succeeded'
    """
    words = template.partition("]")[2].split()
    return next((word.strip(":") for word in words if word.strip(":").isalpha()), "rejected")


def _unregistered(record: logging.LogRecord) -> Rewritten:
    exception, _body, headers, *_ = _arguments(record, 4)
    name = exception.args[0] if isinstance(exception, KeyError) and exception.args else None
    task_id = headers.get("id") if isinstance(headers, Mapping) else None
    fields = {
        "task_name": name,
        "task_id": task_id,
        "operation": "task." + "_".join(str(name).split()),
        "error": f"NotRegistered: {Plain().value(name)}",
    }
    return Rewritten("error", "Received unregistered task", fields)


def _undecodable(record: logging.LogRecord) -> Rewritten:
    exception, content_type, content_encoding, *_ = _arguments(record, 5)
    fields = {"error": _fault(exception), "content_type": content_type, "content_encoding": content_encoding}
    return Rewritten("critical", "Message could not be decoded", fields)


def _invalid(record: logging.LogRecord) -> Rewritten:
    return Rewritten("error", "Received invalid task message", {"error": _fault(_arguments(record, 2)[0])})


def _unknown(_record: logging.LogRecord) -> Rewritten:
    fields = {"error": "InvalidTaskError: the message is not a task message"}
    return Rewritten("error", "Received unknown message", fields)


def _handed_to_pool(record: logging.LogRecord) -> Rewritten:
    return Rewritten(_level(record), "Task handed to the pool")


def _hard_limit(record: logging.LogRecord) -> Rewritten:
    return Rewritten("warning", "Hard time limit exceeded", {"message": record.getMessage()})


def _second_report(record: logging.LogRecord) -> Rewritten:
    return Rewritten("info", "Task handler raised error", {"message": _fault(_arguments(record, 1)[0])})


def _arguments(record: logging.LogRecord, count: int) -> tuple[Any, ...]:
    told = record.args if isinstance(record.args, tuple) else (record.args,)
    return (*told, *[None] * (count - len(told)))


def _fault(exception: object) -> str:
    """Return the exception in short: a decoder's message can quote what it could not read."""
    text = describe_exception(exception) if isinstance(exception, BaseException) else str(exception)
    return text if len(text) <= 500 else beginning(text, 500, guarded_values()) + "…"


def _level(record: logging.LogRecord) -> str:
    return record.levelname.lower() if record.levelno in (10, 20, 30, 40, 50) else "info"


_REWRITINGS: tuple[tuple[str, str, Callable[[logging.LogRecord], Rewritten | None]], ...] = (
    ("celery.app.trace", "Task %(name)s[%(id)s]", _about_task),
    ("celery.worker.strategy", "Task %(name)s[%(id)s]", _about_task),
    ("celery.worker.consumer", "Received unregistered task", _unregistered),
    ("celery.worker.consumer", "Received invalid task message", _invalid),
    ("celery.worker.consumer", "Received and deleted unknown message", _unknown),
    ("celery.worker.consumer", "Can't decode message body", _undecodable),
    ("celery.worker.request", "Hard time limit", _hard_limit),
    ("celery.worker.request", "Task handler raised error", _second_report),
    ("celery.pool", "TaskPool: Apply", _handed_to_pool),
)
