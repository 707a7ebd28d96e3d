"""Records of others, retold: Celery's without values, bodies and second reports; warnings as fields."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from celery.app import trace
from celery.worker.consumer import consumer

from tests.implementations._values import error_text, text_of


class Told(NamedTuple):
    """A record as it is written: `error` is the exception whose traceback goes with it."""

    level: int
    event: str
    fields: dict[str, Any]
    error: BaseException | None


_OF_TASKS = {
    trace.LOG_RECEIVED: "Celery received a task",
    trace.LOG_SUCCESS: "Celery saw a task succeed",
    trace.LOG_FAILURE: "Celery saw a task raise",
    trace.LOG_IGNORED: "Celery ignored a task",
    trace.LOG_REJECTED: "Celery rejected a task",
    trace.LOG_RETRY: "Celery scheduled a retry",
}
_OF_MESSAGES = {
    consumer.UNKNOWN_TASK_ERROR: "Received unregistered task",
    consumer.INVALID_TASK_ERROR: "Received invalid task message",
    consumer.UNKNOWN_FORMAT: "Received unknown message",
    consumer.MESSAGE_DECODE_ERROR: "Can't decode message",
}
# What `Task failed` reports already, at level error.
_SECOND_REPORTS = {"Hard time limit (%ss) exceeded for %s[%s]", "Task handler raised error: %r"}
_PRIVATE = {"_bound", "_fields", "_logger", "_name", "_parts"}  # what our own filters and structlog leave on a record
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"} | _PRIVATE


def retell(record: logging.LogRecord) -> Told:
    """Return what to write of *record*; never raises."""
    if record.name == "py.warnings":
        return Told(record.levelno, "Python warning", {"warning": _rendered(record)}, None)
    if record.name.startswith("celery."):
        template = record.msg.strip() if isinstance(record.msg, str) else ""
        for templates, teller in ((_OF_TASKS, _of_task), (_OF_MESSAGES, _of_message)):
            for known, event in templates.items():
                if known.strip() == template:
                    return teller(record, event)
    error = record.exc_info[1] if record.exc_info else None
    event, fields = _event(record)
    if record.name == "celery.worker.request" and record.msg in _SECOND_REPORTS:
        return Told(logging.WARNING, event, fields, None)
    return Told(record.levelno, event, {**fields, **_extra(record)}, error)


def _of_task(record: logging.LogRecord, event: str) -> Told:
    """Drop arguments, return values and tracebacks; `Task failed` and its like tell of errors."""
    data = getattr(record, "data", None) or {}
    fields = {"about_task_id": data.get("id"), "about_task_name": data.get("name")}
    if "description" in data:
        fields["description"] = data["description"]
    return Told(min(record.levelno, logging.WARNING), event, fields, None)


def _of_message(record: logging.LogRecord, event: str) -> Told:
    """Keep the fault, and the names that the headers hold; drop the body."""
    args = record.args if isinstance(record.args, tuple) else (record.args,)
    headers = next((arg for arg in args if isinstance(arg, dict) and "task" in arg), {})
    fields = {"about_task_id": headers.get("id"), "about_task_name": headers.get("task")}
    fault = args[0] if args and isinstance(args[0], BaseException) else None
    fields["fault"] = error_text(fault) if fault is not None else event
    return Told(max(record.levelno, logging.ERROR), event, {k: v for k, v in fields.items() if v is not None}, None)


def _event(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """Return the message as a constant phrase, and in full beside it where it has arguments."""
    if isinstance(record.msg, BaseException):
        return "Exception logged", {"message": error_text(record.msg)}
    if not record.args:
        return text_of(record.msg), {}
    return text_of(record.msg), {"message": _rendered(record)}


def _rendered(record: logging.LogRecord) -> str:
    try:
        return text_of(record.getMessage())
    except Exception:
        return f"{text_of(record.msg)} % {tuple(map(text_of, record.args or ()))}"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """Return what came by `extra=`, and the stack where one was asked for."""
    own = {name: value for name, value in vars(record).items() if name not in _STANDARD} | getattr(
        record, "_fields", {}
    )
    return {**own, "stack": record.stack_info} if record.stack_info else own
