"""The lifecycle records: one start and one ending for each execution, whoever learns of it.

A task's own process reports what happens inside it. The worker's main process
reports what the task's process could not: a hard time limit, a killed child, a
revocation. It may do so twice, or without the request; hence the executions it
remembers and their `ended`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from billiard.exceptions import WorkerLostError

from reference_worker.logging.endings import note_end, note_start, sinks_reached
from reference_worker.logging.execution import (
    Execution,
    current_execution,
    describe,
    enter,
    leave,
    recall,
    remember,
)
from reference_worker.logging.pipeline import pipeline
from reference_worker.logging.retries import exhausted, limit_in_force
from reference_worker.logging.stream import collect_output
from reference_worker.logging.tracebacks import describe_exception, whole_traceback

LOGGER = "reference_worker.logging.lifecycle"


def received(execution: Execution) -> None:
    """Remember a task that this process hands to its pool; it may have to report its end."""
    remember(execution)


def started(execution: Execution) -> None:
    """Bind the execution's context and write `Task starting`."""
    enter(execution)
    note_start(execution.task_id)
    fields: dict[str, Any] = {"args_count": execution.args_count, "kwargs_keys": execution.kwargs_keys}
    if execution.retries:
        fields["retry_count"] = execution.retries
    if execution.redelivered:
        fields["redelivered"] = True
    _write("info", "Task starting", execution, fields)


def succeeded(execution: Execution, result: object) -> None:
    """Write `Task completed`."""
    fields = {"state": "SUCCESS", "has_return_value": result is not None, **_duration(execution)}
    _end("info", "Task completed", execution, fields)


def failed(execution: Execution, task: Any, exception: BaseException, traceback: object) -> None:
    """Write `Task failed`; before it, if no retry was left, that the task failed for good."""
    on_record = sinks_reached(execution.task_id) if isinstance(exception, WorkerLostError) else 0
    if on_record >= len(pipeline.sinks) > 0:
        return  # the child was lost only afterwards
    told = {"error": describe_exception(exception), **_traceback(exception, traceback)}
    if not (execution.ended or on_record) and exhausted(task, execution.retries, exception):
        collect_output(shared=execution.shared)
        permanently = {**told, "retry_count": execution.retries}
        _write("error", "Task failed permanently after max retries", execution, permanently)
    _end("error", "Task failed", execution, {**told, **_duration(execution)}, on_record)


def retried(execution: Execution, task: Any, reason: BaseException | None) -> None:
    """Write `Task failed, retrying`. There is no *reason* when the worker cancels the task to stop (SIGQUIT)."""
    fields = {
        "error": _retry_error(reason),
        "retry_count": execution.retries,
        "max_retries": limit_in_force(task, reason),
        **_countdown(reason),
    }
    _end("warning", "Task failed, retrying", execution, fields)


def revoked(execution: Execution, *, terminated: bool, expired: bool) -> None:
    """Write `Task revoked`."""
    _end("warning", "Task revoked", execution, {"terminated": terminated, "expired": expired})


def over(execution: Execution, state: str | None, *, reported_elsewhere: bool) -> None:
    """Clear up after *execution*; write `Task ended` where no other record says how it ended.

    Without a *state*, something went through Celery itself. A main process of
    its own, an expired greenlet timeout or `task_internal_error` will report
    that; only an exit inside a thread, a greenlet or the solo pool nobody does.
    """
    exits = isinstance(sys.exc_info()[1], (SystemExit, KeyboardInterrupt)) and not reported_elsewhere
    ending = state if state in ("IGNORED", "REJECTED") else "ABORTED" if state is None and exits else None
    if ending is not None:
        _end("info", "Task ended", execution, {"state": ending, **_duration(execution)})
    else:
        collect_output(shared=execution.shared)
    leave(execution)


def execution_of(task: Any, task_id: str, args: Any = None, kwargs: Any = None, request: Any = None) -> Execution:
    """Return the execution that a signal is about: the one that runs here, a remembered one, or a described one."""
    running = current_execution()
    if running is not None and running.task_id == task_id:
        return running
    remembered = recall(task_id)
    if remembered is not None:
        return remembered
    execution = describe(task, task_id, args, kwargs, request)
    received(execution)
    return execution


def _end(level: str, event: str, execution: Execution, fields: Mapping[str, Any], on_record: int = 0) -> None:
    """Write the ending to every sink but the first *on_record*, which have one; leave word of each that has it."""
    if execution.ended:
        return
    execution.ended = True
    here = current_execution() is execution
    if here:
        collect_output(shared=execution.shared)
    written = partial(note_end, execution.task_id) if here else None
    _write(level, event, execution, fields, passing_over=on_record, written=written)


def _write(level: str, event: str, execution: Execution, fields: Mapping[str, Any], **sinks: Any) -> None:
    """Write under the execution's own context, also from outside of it and past any `log_context`."""
    members = {"task_name": execution.task_name, **fields}
    pipeline.write(level, LOGGER, event, members, trusted_event=True, context=execution.context, **sinks)


def _duration(execution: Execution) -> dict[str, float]:
    """Return how long the body ran; only the process that ran it knows."""
    if current_execution() is not execution:
        return {}
    return {"duration_ms": round(execution.anchor.elapsed_ns() / 1e6, 3)}


def _traceback(exception: BaseException, traceback: object) -> dict[str, str]:
    """Return the traceback; Celery sometimes hands it over as the text it got from a child."""
    if isinstance(traceback, str):
        return {"exception": traceback.rstrip("\n")} if traceback.strip() else {}
    return {"exception": whole_traceback(exception)}


def _retry_error(reason: BaseException | None) -> str:
    if reason is None:
        return "Retry: cancelled because the worker stops"
    cause = getattr(reason, "exc", None) or reason.__context__
    return describe_exception(cause if isinstance(cause, BaseException) else reason)


def _countdown(reason: BaseException | None) -> dict[str, float]:
    """Return the seconds until the next execution; `when` is a delay in seconds or a moment."""
    when = getattr(reason, "when", None)
    if isinstance(when, datetime):
        moment = when if when.tzinfo else when.replace(tzinfo=UTC)
        when = round((moment - datetime.now(UTC)).total_seconds(), 3)
    return {"countdown": max(when, 0)} if isinstance(when, (int, float)) else {}
