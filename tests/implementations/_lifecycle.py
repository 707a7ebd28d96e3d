"""
Lifecycle records and context from Celery's signals, for whichever way of logging.

A style of logging gives `say` and `swap_context`; a broken variant overrides one of the small methods.
"""

from __future__ import annotations

import contextvars
import logging
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from celery import Task, signals
from celery.exceptions import Reject, Retry

from tests.implementations._lines import Lines
from tests.implementations._secrets import named_arguments, secrets_given
from tests.implementations._stream import Stream, take_over
from tests.implementations._values import error_text, text_of

LOGGER = "tests.implementations.lifecycle"
CORRELATION_HEADER = "worker_log_correlation_id"
PARENT_HEADER = "worker_log_parent_task_id"
REMEMBERED = 10_000  # task ids whose failure or revocation was reported


@dataclass
class Execution:
    """One run of a task's body, or what a signal tells of one that another process ran."""

    task_id: str
    name: str
    context: dict[str, Any]
    secrets: tuple[str, ...] = ()
    retries: int = 0
    started: float = field(default_factory=time.monotonic)
    outer: Execution | None = None
    outer_context: dict[str, Any] = field(default_factory=dict)


class Lifecycle:
    """What every worker here does, whichever way it logs."""

    def __init__(self, service: str, lines: Lines | None = None) -> None:
        self.service = service
        self.lines = lines or Lines()
        self.stream: Stream | None = None
        self._main_pid = os.getpid()
        self._running: contextvars.ContextVar[Execution | None] = contextvars.ContextVar("running", default=None)
        self._received: OrderedDict[str, Execution] = OrderedDict()
        self._reported: OrderedDict[tuple[str, str], None] = OrderedDict()

    # What a style of logging gives.

    def swap_context(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Bind *fields* and nothing else; return what was bound before."""
        raise NotImplementedError

    def context(self) -> dict[str, Any]:
        """Return what is bound."""
        raise NotImplementedError

    def configure(self, level: int) -> None:
        """Have all records at or above *level* written to the stream, by `RecordHandler`."""
        raise NotImplementedError

    # The stream.

    def line(self, **parts: Any) -> str | None:
        """Return one record as a line; something stands for it even where it can't be made."""
        running = self._running.get()
        parts.setdefault("secrets", running.secrets if running else ())
        try:
            return self.lines.line(service=self.service_name(), **parts)
        except Exception as error:
            return self.unspeakable(error)

    def unspeakable(self, error: Exception) -> str | None:
        """Return what stands for a record that could not be made."""
        fault = {"fault": error_text(error)}
        return self.lines.line(
            service=self.service_name(), level="error", logger=LOGGER, event="Record lost", context={}, fields=fault
        )

    def service_name(self) -> str:
        """Return the service of the next record."""
        return self.service

    def say(
        self, level: str, event: str, execution: Execution | None, raised: BaseException | None = None, **fields: Any
    ) -> None:
        """Write a lifecycle record in the context of *execution*."""
        parts = {
            "context": execution.context if execution else {},
            "secrets": execution.secrets if execution else (),
            "fields": fields,
            "error": raised,
        }
        logging.getLogger(LOGGER).log(logging.getLevelName(level.upper()), event, extra={"_parts": parts})

    # Signals.

    def instrument(self) -> None:
        """Connect the signals. Nothing happens before a worker starts."""
        for name in (
            "celeryd_init",
            "setup_logging",
            "worker_ready",
            "worker_shutdown",
            "before_task_publish",
            "task_received",
            "task_prerun",
            "task_postrun",
            "task_failure",
            "task_retry",
            "task_revoked",
            "task_internal_error",
        ):
            receiver = getattr(self, f"on_{name}")
            getattr(signals, name).connect(receiver, weak=False, dispatch_uid=f"{__name__}.{name}")

    def on_celeryd_init(self, instance: Any = None, **_: Any) -> None:
        """Take the stream before anything is printed or warned of."""
        self._main_pid = os.getpid()
        if instance is not None:
            instance.quiet = True
        self.stream = take_over()
        self.configure(logging.WARNING)

    def on_setup_logging(self, loglevel: int | None = None, **_: Any) -> None:
        """Replace Celery's set-up by this one."""
        if self.stream is None:
            self.stream = take_over()
        self.configure(loglevel or logging.WARNING)

    def on_worker_ready(self, **_: Any) -> None:
        """Say that the worker started."""
        self.say("info", "Worker started", None)

    def on_worker_shutdown(self, **_: Any) -> None:
        """Say that the worker stops."""
        self.say("info", "Worker stopped", None)

    def on_before_task_publish(self, headers: Any = None, **_: Any) -> None:
        """Send along where a task comes from."""
        running = self._running.get()
        if not isinstance(headers, dict):
            return
        context = running.context if running else self.context()
        if isinstance(context.get("correlation_id"), str):
            headers[CORRELATION_HEADER] = context["correlation_id"]
        if running is not None:
            is_retry = headers.get("id") == running.task_id
            headers[PARENT_HEADER] = context.get("parent_task_id") if is_retry else running.task_id

    def on_task_received(self, request: Any = None, **_: Any) -> None:
        """Remember, in the main process, what it may have to report of a task."""
        headers = SimpleNamespace(**{"retries": 0, **getattr(request, "request_dict", {})})
        execution = self.execution_of(request.task, request.id, request.args, request.kwargs, headers)
        self._received[execution.task_id] = execution
        if len(self._received) > REMEMBERED:
            self._received.popitem(last=False)

    def on_task_prerun(self, task_id: Any, task: Any, args: Any = None, kwargs: Any = None, **_: Any) -> None:
        """Bind the execution's context, and say that it starts."""
        execution = self.execution_of(task, task_id, args, kwargs, task.request)
        if task.request.is_eager:
            execution.outer = self._running.get()
        self._running.set(execution)
        self.say_start(execution, task.request, args or (), kwargs or {})
        self.enter(execution)

    def on_task_postrun(self, task_id: Any, task: Any, retval: Any = None, state: Any = None, **_: Any) -> None:
        """Say how the execution ended, unless another signal does, and restore what was bound before it."""
        execution = self.running(task_id) or self.execution_of(task, task_id, (), {}, None)
        try:
            if self.completes(execution, state):
                self.say_completed(execution, retval)
            elif state in {"IGNORED", "REJECTED"} or (state is None and self.is_aborted(task)):
                self.say("info", "Task ended", execution, task_name=execution.name, state=state or "ABORTED")
        finally:
            self._running.set(execution.outer)
            self.leave(execution, state)

    def on_task_failure(
        self,
        sender: Any = None,
        task_id: Any = None,
        exception: Any = None,
        args: Any = None,
        kwargs: Any = None,
        traceback: Any = None,
        **_: Any,
    ) -> None:
        """Say that a task failed: once, whoever reports it, and however often."""
        if isinstance(exception, Reject):
            return  # Celery calls it a failure too; `Task ended` was written
        execution = self.running(task_id)
        if execution is not None:
            raised = sys.exc_info()[1]  # as it was raised: the signal's may be a picklable stand-in without causes
            exception = raised if isinstance(raised, Exception) else exception
        else:
            request = getattr(sender, "request", None)
            request = request if getattr(request, "id", None) == task_id else None
            execution = self.received(task_id) or self.execution_of(sender, task_id, args, kwargs, request)
        if self.is_first_report("failure", execution.task_id):
            self.say_failed(execution, sender, exception, traceback)

    def on_task_internal_error(
        self,
        sender: Any = None,
        task_id: Any = None,
        args: Any = None,
        kwargs: Any = None,
        exception: Any = None,
        **_: Any,
    ) -> None:
        """Say that a task failed outside its body, where no main process does it."""
        if os.getpid() == self._main_pid:
            self.on_task_failure(sender=sender, task_id=task_id, args=args, kwargs=kwargs, exception=exception)

    def on_task_retry(self, sender: Any = None, request: Any = None, reason: Any = None, **_: Any) -> None:
        """Say that an execution failed and another follows."""
        task_id = getattr(request, "id", None)
        arguments = getattr(request, "args", None), getattr(request, "kwargs", None)
        execution = self.running(task_id) or self.execution_of(sender, task_id, *arguments, request)
        self.say_retrying(execution, sender, reason)

    def on_task_revoked(
        self, sender: Any = None, request: Any = None, terminated: Any = None, expired: Any = None, **_: Any
    ) -> None:
        """Say that a task was revoked, once."""
        task_id = getattr(request, "id", None)
        arguments = getattr(request, "args", None), getattr(request, "kwargs", None)
        execution = self.received(task_id) or self.execution_of(sender, task_id, *arguments, request)
        if self.is_first_report("revoked", execution.task_id):
            told: dict[str, Any] = {
                "task_name": execution.name,
                "terminated": bool(terminated),
                "expired": bool(expired),
            }
            self.say("warning", "Task revoked", execution, **told)

    # Records.

    def say_start(self, execution: Execution, request: Any, args: Any, kwargs: Any) -> None:
        """Write `Task starting`."""
        fields: dict[str, Any] = {"task_name": execution.name, **self.call_fields(args, kwargs)}
        if execution.retries:
            fields["retry_count"] = execution.retries
        if (getattr(request, "delivery_info", None) or {}).get("redelivered"):
            fields["redelivered"] = True
        self.say("info", "Task starting", execution, **fields)

    def call_fields(self, args: Any, kwargs: Any) -> dict[str, Any]:
        """Return what the start record tells of a call."""
        return {"args_count": len(args), "kwargs_keys": [text_of(name) for name in kwargs]}

    def say_completed(self, execution: Execution, retval: Any) -> None:
        """Write `Task completed`."""
        duration = round(1_000 * (time.monotonic() - execution.started), 3)
        fields: dict[str, Any] = {"task_name": execution.name, "state": "SUCCESS", "duration_ms": duration}
        self.say("info", "Task completed", execution, **fields, **self.result_fields(retval))

    def result_fields(self, retval: Any) -> dict[str, Any]:
        """Return what the completion record tells of a return value."""
        return {"has_return_value": retval is not None}

    def completes(self, execution: Execution, state: Any) -> bool:
        """Whether an execution that ended in *state* completed."""
        return bool(state == "SUCCESS")

    def is_aborted(self, task: Any) -> bool:
        """Whether an execution without a state has no other signal to come."""
        leaving = sys.exc_info()[1]
        if task.request.is_eager:
            return leaving is not None
        return os.getpid() == self._main_pid and isinstance(leaving, SystemExit | KeyboardInterrupt)

    def say_failed(self, execution: Execution, task: Any, error: Any, traceback: Any) -> None:
        """Write `Task failed`, and before it, where no retry is left, that it failed for good."""
        fields: dict[str, Any] = {"task_name": execution.name}
        if isinstance(traceback, str) and getattr(error, "__traceback__", None) is None:
            fields |= {"error": self.lines.error(error), "exception": traceback.strip()}
            error = None
        if self.is_exhausted(execution, task, error):
            self.say_exhausted(execution, task, error, fields)
        self.say("error", "Task failed", execution, error, **fields)

    def say_exhausted(self, execution: Execution, task: Any, error: Any, fields: dict[str, Any]) -> None:
        """Write `Task failed permanently after max retries`."""
        told: dict[str, Any] = {
            **fields,
            "retry_count": execution.retries,
            "max_retries": self.max_retries(task, error),
        }
        self.say("error", "Task failed permanently after max retries", execution, error, **told)

    def say_retrying(self, execution: Execution, task: Any, reason: Any) -> None:
        """Write `Task failed, retrying`; there is no *reason* when a shutdown cancelled the task."""
        cause = getattr(reason, "exc", None) or getattr(reason, "__context__", None)
        fields: dict[str, Any] = {
            "task_name": execution.name,
            "error": self.lines.error(cause or reason or Retry("cancelled by a shutdown")),
            "retry_count": self.retry_count(execution),
            "max_retries": self.max_retries(task, reason),
        }
        countdown = _countdown(getattr(reason, "when", None))
        if countdown is not None:
            fields["countdown"] = countdown
        self.say("warning", "Task failed, retrying", execution, **fields)

    def retry_count(self, execution: Execution) -> int:
        """Return how many retries were made before the one that is announced."""
        return execution.retries

    def max_retries(self, task: Any, error: Any) -> int | None:
        """Return the `max_retries` in force: what `Task.retry` decided by, where *error* passed through it."""
        decided = _retry_frame(error)
        if decided is not None:
            return decided.get("max_retries")
        return getattr(task, "override_max_retries", None) or getattr(task, "max_retries", None)

    def is_exhausted(self, execution: Execution, task: Any, error: Any) -> bool:
        """Whether no retry was left."""
        limit = self.max_retries(task, error)
        if limit is None:
            return False
        return execution.retries >= limit and (execution.retries > 0 or _retry_frame(error) is not None)

    def is_first_report(self, kind: str, task_id: str) -> bool:
        """Whether this is the first report of its kind about a task in this process."""
        if (kind, task_id) in self._reported:
            return False
        self._reported[kind, task_id] = None
        if len(self._reported) > REMEMBERED:
            self._reported.popitem(last=False)
        return True

    # Context.

    def enter(self, execution: Execution) -> None:
        """Bind the context of an execution."""
        before = self.swap_context(execution.context)
        execution.outer_context = before if execution.outer is not None else {}

    def leave(self, execution: Execution, state: Any) -> None:
        """Restore what was bound before an execution, however it ended."""
        self.swap_context(execution.outer_context)

    def running(self, task_id: Any) -> Execution | None:
        """Return the execution of this id that runs here."""
        execution = self._running.get()
        while execution is not None and execution.task_id != task_id:
            execution = execution.outer
        return execution

    def received(self, task_id: Any) -> Execution | None:
        """Return what this process remembers of a task it received."""
        return self._received.get(text_of(task_id))

    def execution_of(self, task: Any, task_id: Any, args: Any, kwargs: Any, request: Any) -> Execution:
        """Return what is known of an execution; never raises, whatever the arguments hold."""
        name = text_of(getattr(task, "name", None) or "unknown")
        context: dict[str, Any] = {"task_id": text_of(task_id), "operation": self.operation(name)}
        try:
            context |= self.identifiers(task, args, kwargs)
            context |= self.descent(text_of(task_id), request)
        except Exception as error:
            context["binding_fault"] = error_text(error)
        secrets = secrets_given(task, args, kwargs)
        return Execution(text_of(task_id), name, context, secrets, getattr(request, "retries", 0) or 0)

    def operation(self, name: str) -> str:
        """Return the operation that a task starts with."""
        return f"task.{name}"

    def identifiers(self, task: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        """Return the tenant and user among a task's arguments, positional ones included."""
        named = named_arguments(task, args, kwargs)
        found = {name: self.lines.identifier(named.get(name)) for name in ("tenant_id", "user_id")}
        return {name: value for name, value in found.items() if value is not None}

    def descent(self, task_id: str, request: Any) -> dict[str, Any]:
        """Return the correlation id, and the parent's id where there is one."""
        running = self._running.get() if getattr(request, "is_eager", False) else None
        inherited = running.context.get("correlation_id") if running else None
        correlation = inherited or getattr(request, CORRELATION_HEADER, None) or getattr(request, "root_id", None)
        descent = {"correlation_id": correlation or task_id}
        parent = getattr(request, PARENT_HEADER, None) or getattr(request, "parent_id", None)
        if parent and parent != task_id:
            descent["parent_task_id"] = parent
        return descent


def _countdown(when: Any) -> float | None:
    """Return the seconds until *when*, which is a number of seconds or an instant."""
    if isinstance(when, datetime):
        now = datetime.now(UTC) if when.tzinfo else datetime.now()
        return round(max(0.0, (when - now).total_seconds()), 3)
    return when if isinstance(when, int | float) else None


def _retry_frame(error: Any) -> dict[str, Any] | None:
    """Return the local variables of `Task.retry`, if *error* was raised through it.

    Celery keeps an overriding `max_retries` on the task object, where the next execution finds it too; only the frame
    tells which one was in force.
    """
    code: Callable[..., Any] = Task.retry
    entry = getattr(error, "__traceback__", None)
    while entry is not None:
        if entry.tb_frame.f_code is code.__code__:
            return dict(entry.tb_frame.f_locals)
        entry = entry.tb_next
    return None
