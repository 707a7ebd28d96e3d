"""
Conforms: lifecycle by the hooks of a task class, context on Celery's own request stack; no signal where a hook will do.

Tasks retry by themselves, and are delivered again when their process is lost. Fields of the record stand in another
order than elsewhere, in ASCII, and `error` names the type with its module. A rejected task counts as failed, and no
execution says `Task ended`.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery, Task, signals
from celery._state import get_current_task
from celery.exceptions import Retry

from tests.implementations._foreign import retell
from tests.implementations._handler import direct_all_to, level_name
from tests.implementations._lines import BASE, Lines
from tests.implementations._secrets import named_arguments, secrets_given
from tests.implementations._stream import Stream, signals_held, take_over
from tests.implementations._values import error_text, text_of

VIOLATES = None
LOGGER = "shop.lifecycle"
log = logging.getLogger(LOGGER)


class AsciiLines(Lines):
    """Members in alphabetical order after the base fields, in ASCII."""

    def dumps(self, members: dict[str, Any]) -> str:
        """Return the JSON text."""
        ordered = [name for name in BASE if name in members] + sorted(set(members) - set(BASE))
        return json.dumps({name: members[name] for name in ordered}, separators=(" ,  ", " :  "), allow_nan=False)

    def error(self, error: BaseException) -> str:
        """Return type with module, and message."""
        module = type(error).__module__
        return error_text(error) if module == "builtins" else f"{module}.{error_text(error)}"


LINES = AsciiLines()


class RequestHandler(logging.Handler):
    """Takes the context of a record from the task that runs."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*."""
        request = running_request()
        context = getattr(record, "_context", None) or context_of_request(request)
        told = retell(record)
        fields = {name: value for name, value in told.fields.items() if name != "_context"}
        secrets = getattr(request, "log_secrets", ()) if request else ()
        with signals_held():
            self._stream.write(
                LINES.line(
                    service="shop",
                    level=level_name(told.level),
                    logger=record.name,
                    event=told.event,
                    context=context,
                    fields=fields,
                    error=told.error,
                    secrets=secrets,
                )
            )


def running_request() -> Any:
    """Return the request of the task that runs here; None outside any."""
    task = get_current_task()
    return None if task is None or task.request.id is None else task.request


def context_of_request(request: Any) -> dict[str, Any]:
    """Return what is bound: the task's own, and the blocks that are open, on the request itself."""
    if request is None:
        return {}
    if getattr(request, "log_context", None) is None:
        task = get_current_task()
        request.log_secrets = secrets_given(task, request.args, request.kwargs)
        request.log_context = context_of(task, request.id, request.args, request.kwargs, request)
    return dict(request.log_context)


def context_of(task: Any, task_id: Any, args: Any, kwargs: Any, request: Any) -> dict[str, Any]:
    """Return a task's context, from what Celery knows of it."""
    named = named_arguments(task, args, kwargs)
    task_id, parent = text_of(task_id), getattr(request, "parent_id", None)
    found = {
        "operation": f"task.{task.name}",
        "task_id": task_id,
        "correlation_id": getattr(request, "root_id", None) or task_id,
        "parent_task_id": parent if parent != task_id else None,
        **{name: LINES.identifier(named.get(name)) for name in ("user_id", "tenant_id")},
    }
    return {name: value for name, value in found.items() if value is not None}


class Adapter:
    """`log_context` for tasks, and loggers that take fields."""

    def get_logger(self, name: str) -> FieldLogger:
        """Return the logger called *name*."""
        return FieldLogger(name)

    @contextmanager
    def log_context(self, **fields: Any) -> Iterator[None]:
        """Bind *fields* on the running request."""
        request = running_request()
        before = context_of_request(request)
        request.log_context = before | fields
        try:
            yield
        finally:
            request.log_context = before


class FieldLogger:
    """Any level by its name: `(event, **fields)`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def __getattr__(self, level: str) -> Any:
        method = getattr(self._logger, level)
        return lambda event, **fields: method(event, extra={"_fields": fields})


adapter = Adapter()
_reported: set[str] = set()


class LoggedTask(Task):  # type: ignore[misc]
    """Says what happens to its executions."""

    abstract = True
    autoretry_for = (Exception,)
    retry_backoff = True
    acks_late = True
    reject_on_worker_lost = True

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Say that an execution starts."""
        self.request.log_started = time.monotonic()
        further = {"retry_count": self.request.retries} if self.request.retries else {}
        keys = [text_of(name) for name in kwargs]
        log.info(
            "Task starting", extra={"task_name": self.name, "args_count": len(args), "kwargs_keys": keys, **further}
        )

    def retry(self, *args: Any, **kwargs: Any) -> Any:
        """Retry, and remember with which limit, and whether any was left."""
        override = kwargs.get("max_retries")
        self.request.log_limit = self.max_retries if override is None else override
        try:
            return super().retry(*args, **kwargs)
        except Retry:
            raise
        except Exception:
            self.request.log_exhausted = True
            raise

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Say that it succeeded."""
        told = {"duration_ms": int(1_000 * (time.monotonic() - self.request.log_started)), "state": "SUCCESS"}
        log.info("Task completed", extra={"has_return_value": retval is not None, "task_name": self.name, **told})

    def on_retry(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Say that another execution follows."""
        reason = einfo.exception.exc if hasattr(einfo.exception, "exc") else einfo.exception
        when = getattr(reason, "when", None)
        told: dict[str, Any] = {
            "task_name": self.name,
            "error": LINES.error(exc or reason),
            "retry_count": self.request.retries,
            "max_retries": getattr(self.request, "log_limit", None),
        }
        if isinstance(when, int | float):
            told["countdown"] = when
        log.warning("Task failed, retrying", extra=told)

    def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Say that it failed; the main process, which has no request at hand, leaves that to the signal."""
        if running_request() is None:
            return
        _reported.add(task_id)
        if getattr(self.request, "log_exhausted", False):
            told = {"task_name": self.name, "retry_count": self.request.retries}
            log.error("Task failed permanently after max retries", exc_info=True, extra=told)
        log.error("Task failed", exc_info=True, extra={"task_name": self.name})


def _report_elsewhere(
    sender: Any = None, task_id: Any = None, exception: Any = None, args: Any = None, kwargs: Any = None, **more: Any
) -> None:
    """Say that a task failed, where no hook runs: in the main process."""
    if task_id in _reported:
        return
    _reported.add(task_id)
    context = context_of(sender, task_id, args, kwargs, None)
    told = {"task_name": sender.name, "error": LINES.error(exception), "_context": context}
    trace = more.get("traceback")
    if isinstance(trace, str):
        told["exception"] = trace
    log.error("Task failed", extra=told)


def _report_revoked(
    sender: Any = None, request: Any = None, terminated: Any = None, expired: Any = None, **_: Any
) -> None:
    context = {"task_id": request.id, "operation": f"task.{sender.name}"}
    told = {"task_name": sender.name, "terminated": bool(terminated), "expired": bool(expired), "_context": context}
    log.warning("Task revoked", extra=told)


_streams: dict[int, Stream] = {}


def _begin(instance: Any = None, **_: Any) -> None:
    instance.quiet = True
    _streams[0] = take_over()
    direct_all_to(RequestHandler(_streams[0]), logging.WARNING)


def _configure(loglevel: Any = None, **_: Any) -> None:
    direct_all_to(RequestHandler(_streams[0]), loglevel or logging.WARNING)


def _started(**_: Any) -> None:
    log.info("Worker started", extra={"pid": os.getpid()})


def _stopped(**_: Any) -> None:
    log.info("Worker stopped")


signals.task_failure.connect(_report_elsewhere, weak=False)
signals.task_revoked.connect(_report_revoked, weak=False)
signals.celeryd_init.connect(_begin, weak=False)
signals.setup_logging.connect(_configure, weak=False)
signals.worker_ready.connect(_started, weak=False)
signals.worker_shutdown.connect(_stopped, weak=False)

app = Celery("conforming_task_class", task_cls=LoggedTask)
app.conf.broker_connection_retry_on_startup = True
