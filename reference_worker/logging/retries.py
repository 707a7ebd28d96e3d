"""How many retries a task may make, and whether it has made them.

`Task.retry` takes a limit for one call, which `retry_kwargs` uses as well.
Celery keeps it on the task, where it outlives the call and is shared between
threads; so the limit is read from the call of `Task.retry` itself, which the
exception it raised has passed through.
"""

from __future__ import annotations

from types import FrameType
from typing import Any

from celery.app.task import Task
from celery.exceptions import MaxRetriesExceededError

from reference_worker.logging.foreign import frames
from reference_worker.logging.tracebacks import chained


def limit_in_force(task: Any, exception: BaseException | None) -> int | None:
    """Return how many retries *task* may make; None for any number."""
    call = _call_of_retry(exception)
    if call is not None:
        return _number(call.f_locals.get("max_retries"))
    return _number(getattr(task, "max_retries", None))


def exhausted(task: Any, retries: int, exception: BaseException) -> bool:
    """Whether *exception* ends a task that has used its retries up.

    It has when `Task.retry` refused another, or when it failed in its last
    permitted execution without asking. A task that never retried has not.
    """
    if isinstance(exception, MaxRetriesExceededError):
        return True
    limit = limit_in_force(task, exception)
    return retries > 0 and limit is not None and retries >= limit


def _call_of_retry(exception: BaseException | None) -> FrameType | None:
    if exception is None:
        return None
    calls = (frame for link in chained(exception) for frame in frames(link) if frame.f_code is Task.retry.__code__)
    return next(calls, None)


def _number(limit: object) -> int | None:
    return limit if isinstance(limit, int) else None
