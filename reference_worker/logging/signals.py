"""Celery's signals, tied to the lifecycle records.

A handler that raised would only be logged by Celery, and the task would run
under whatever context was there before: so none raises.

This module and what it imports need Celery; nothing else of the package does.
"""

from __future__ import annotations

import atexit
import contextvars
import functools
import sys
from collections.abc import Callable
from typing import Any

from billiard import current_process
from celery import signals
from celery.exceptions import InvalidTaskError, Reject, TimeLimitExceeded

from reference_worker.logging import lifecycle
from reference_worker.logging.execution import Execution, current_execution, describe
from reference_worker.logging.pipeline import pipeline
from reference_worker.logging.propagation import add_headers
from reference_worker.logging.spawning import pass_on_log_stream
from reference_worker.logging.stream import collect_output, release_standard_output

LOGGER = "reference_worker.logging.instrument"

Handler = Callable[..., None]


def connect_handlers() -> None:
    """Connect the handlers: Celery's signals are global, so this serves all apps of the process."""
    for signal, handler in _HANDLERS:
        signal.connect(handler, weak=False, dispatch_uid=f"reference_worker.logging:{handler.__name__}")


def _never_raises(handler: Handler) -> Handler:
    @functools.wraps(handler)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            handler(*args, **kwargs)
        except Exception as fault:
            pipeline.write("error", LOGGER, "Signal handler failed", {"handler": handler.__name__}, exception=fault)

    return guarded


def _outside_any_task(handler: Handler) -> Handler:
    """Run the handler without context: a signal may arrive while the solo pool runs a task."""

    @functools.wraps(handler)
    def detached(*args: Any, **kwargs: Any) -> None:
        contextvars.Context().run(handler, *args, **kwargs)

    return detached


@_never_raises
def on_prerun(task_id: str, task: Any, args: Any = None, kwargs: Any = None, **_: Any) -> None:
    """Start: whatever the arguments hold, the body runs under its own id."""
    try:
        execution = describe(task, task_id, args, kwargs, task.request)
    except Exception as fault:
        execution = Execution(task_id, task.name, {"task_id": task_id, "operation": f"task.{task.name}"})
        pipeline.write("error", LOGGER, "Task arguments could not be read", exception=fault)
    lifecycle.started(execution)


@_never_raises
def on_success(sender: Any, result: Any = None, **_: Any) -> None:
    """End: SUCCESS, and the result is stored."""
    lifecycle.succeeded(lifecycle.execution_of(sender, sender.request.id), result)


@_never_raises
def on_failure(
    *,
    sender: Any,
    task_id: str,
    exception: BaseException,
    args: Any = None,
    kwargs: Any = None,
    traceback: Any = None,
    **_: Any,
) -> None:
    """End: FAILURE, told by the task's process or, where that is gone, by the main process.

    A Reject is reported as a failure too, after `task_postrun` has ended it as
    REJECTED. So is a hard time limit after which the message goes back to the
    queue: nothing has failed yet, the task runs again.
    """
    if isinstance(exception, Reject):
        return
    execution = lifecycle.execution_of(sender, task_id, args, kwargs)
    if isinstance(exception, TimeLimitExceeded) and _goes_back_to_queue(sender):
        lifecycle.over(execution, "REJECTED", reported_elsewhere=True)
        return
    if current_execution() is execution:
        exception, traceback = _as_raised(exception), None
    lifecycle.failed(execution, sender, exception, traceback)


@_never_raises
def on_internal_error(
    *,
    sender: Any,
    task_id: str,
    exception: BaseException,
    args: Any = None,
    kwargs: Any = None,
    request: Any = None,
    **_: Any,
) -> None:
    """End: an error outside the body, say in an `on_failure` hook.

    A pool child leaves it to the main process, which reports it as a failure,
    unless the arguments are unusable: that Celery takes for a success.
    """
    if _main_process_reports() and not isinstance(exception, InvalidTaskError):
        return
    lifecycle.failed(lifecycle.execution_of(sender, task_id, args, kwargs, request), sender, exception, None)


@_never_raises
def on_retry(sender: Any, request: Any, reason: BaseException | None = None, **_: Any) -> None:
    """End: RETRY, told by the task's process; by the main process when it cancels the task."""
    execution = lifecycle.execution_of(sender, request.id, request.args, request.kwargs, request)
    lifecycle.retried(execution, sender, reason)


@_never_raises
def on_postrun(task_id: str, state: str | None = None, **_: Any) -> None:
    """Clear up, whatever the ending."""
    execution = current_execution()
    if execution is None or execution.task_id != task_id:
        return
    lifecycle.over(execution, state, reported_elsewhere=_main_process_reports() and not execution.eager)


@_never_raises
def on_received(request: Any, **_: Any) -> None:
    """Remember what the task is about, for the endings that only this process sees."""
    lifecycle.received(describe(request.task, request.id, request.args, request.kwargs, request.request_dict))


@_never_raises
def on_revoked(sender: Any, request: Any, terminated: bool = False, expired: bool = False, **_: Any) -> None:
    """End: revoked or expired, before or while it ran."""
    execution = lifecycle.execution_of(sender, request.id, request.args, request.kwargs, request)
    lifecycle.revoked(execution, terminated=bool(terminated), expired=bool(expired))


@_never_raises
def on_publish(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Send along which task sends."""
    if headers is not None:
        add_headers(headers)


@_never_raises
@_outside_any_task
def on_worker_starting(sender: Any = None, **_: Any) -> None:
    """Record the start; children come after it."""
    pass_on_log_stream()
    pipeline.write("info", LOGGER, "Worker starting", {"hostname": str(sender)}, trusted_event=True)


@_never_raises
@_outside_any_task
def on_worker_ready(sender: Any = None, **_: Any) -> None:
    """Record that tasks are taken from now on."""
    fields = {"hostname": str(getattr(sender, "hostname", sender))}
    pipeline.write("info", LOGGER, "Worker ready", fields, trusted_event=True)


@_never_raises
@_outside_any_task
def on_worker_stopping(sender: Any = None, sig: str | None = None, how: str | None = None, **_: Any) -> None:
    """Record that the worker was told to stop."""
    fields = {"hostname": str(sender), "signal": sig, "how": how}
    pipeline.write("info", LOGGER, "Worker stopping", fields, trusted_event=True)


@_never_raises
@_outside_any_task
def on_worker_stopped(sender: Any = None, **_: Any) -> None:
    """Record the shutdown, and what was printed until then.

    Descriptor 1 is given back at the very end only, right before Celery may
    replace this process (SIGHUP): closing the broker's connection takes time,
    and Celery answers a further signal on that descriptor.
    """
    collect_output()
    fields = {"hostname": str(getattr(sender, "hostname", sender))}
    pipeline.write("info", LOGGER, "Worker stopped", fields, trusted_event=True)
    atexit.register(release_standard_output)


def _as_raised(told: BaseException) -> BaseException:
    """Return the exception as the task raised it: Celery tells of a stand-in where it cannot be pickled."""
    return sys.exc_info()[1] or told


def _goes_back_to_queue(task: Any) -> bool:
    """Whether a message of *task* is rejected, to be delivered again, when its hard time limit is over."""
    acknowledges = getattr(task, "acks_on_timeout", None)  # since Celery 5.6 apart from the older setting
    if acknowledges is None:
        acknowledges = task.acks_on_failure_or_timeout
    return bool(task.acks_late and not acknowledges)


def _main_process_reports() -> bool:
    """Whether this is a pool child, whose end the worker's main process sees."""
    return bool(current_process().name != "MainProcess")


_HANDLERS = (
    (signals.task_prerun, on_prerun),
    (signals.task_success, on_success),
    (signals.task_failure, on_failure),
    (signals.task_internal_error, on_internal_error),
    (signals.task_retry, on_retry),
    (signals.task_postrun, on_postrun),
    (signals.task_received, on_received),
    (signals.task_revoked, on_revoked),
    (signals.before_task_publish, on_publish),
    (signals.celeryd_after_setup, on_worker_starting),
    (signals.worker_ready, on_worker_ready),
    (signals.worker_shutting_down, on_worker_stopping),
    (signals.worker_shutdown, on_worker_stopped),
)
