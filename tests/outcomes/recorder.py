"""
Loaded into the worker: writes every task signal to a file, and what its handler could see.

A handler of `task_prerun` binds the task's id in a context variable and never
clears it, as a simple logging set-up does; every other handler notes what it
finds there. It writes one JSON object per signal, appended whole.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from celery import signals

from tests.outcomes import EVENTS_VARIABLE

_bound: ContextVar[str | None] = ContextVar("outcomes_bound", default=None)
_strands = itertools.count(1)
_strand = threading.local()
"""The number of this thread, or greenlet: unlike its identity, a number is never used again."""


def note(signal: str, task_id: str | None = None, **facts: Any) -> None:
    """Append one event; what is None is left out."""
    where = {"pid": os.getpid(), "strand": _strand_number()}
    event = {"signal": signal, "task_id": task_id, **where, "context": _visible(task_id), **facts}
    line = json.dumps({name: value for name, value in event.items() if value is not None}) + "\n"
    descriptor = os.open(os.environ[EVENTS_VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode("ascii"))
    finally:
        os.close(descriptor)


def _strand_number() -> int:
    if not hasattr(_strand, "number"):
        _strand.number = next(_strands)
    number: int = _strand.number
    return number


def _visible(task_id: str | None) -> str:
    bound = _bound.get()
    if bound is None:
        return "none"
    return "own" if bound == task_id else "other"


def _on(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def connect(receiver: Callable[..., None]) -> Callable[..., None]:
        getattr(signals, name).connect(receiver, weak=False, dispatch_uid=f"outcomes_{name}")
        return receiver

    return connect


@_on("worker_ready")
def _ready(sender: Any, **_: Any) -> None:
    note("ready", hostname=sender.hostname)


@_on("task_received")
def _received(request: Any, **_: Any) -> None:
    note("received", request.id, task=request.name)


@_on("task_prerun")
def _prerun(sender: Any, task_id: str, **_: Any) -> None:
    note("prerun", task_id, task=sender.name, **_of_sender(sender))
    _bound.set(task_id)


@_on("task_success")
def _success(sender: Any, **_: Any) -> None:
    note("success", sender.request.id, task=sender.name)  # this signal has no argument that names the task


@_on("task_failure")
def _failure(sender: Any, task_id: str, exception: Any = None, traceback: Any = None, **_: Any) -> None:
    kind = {"str": "text", "NoneType": "none"}.get(type(traceback).__name__)
    note("failure", task_id, error=type(exception).__name__, traceback=kind, **_of_sender(sender))


@_on("task_retry")
def _retry(sender: Any, request: Any = None, reason: Any = None, einfo: Any = None, **_: Any) -> None:
    missing = [name for name, value in (("reason", reason), ("einfo", einfo)) if value is None]
    note("retry", request.id, missing=missing or None, **_of_sender(sender))


@_on("task_internal_error")
def _internal_error(sender: Any, task_id: str, exception: Any = None, **_: Any) -> None:
    note("internal_error", task_id, error=type(exception).__name__, **_of_sender(sender))


@_on("task_postrun")
def _postrun(sender: Any, task_id: str, state: Any = None, **_: Any) -> None:
    note("postrun", task_id, state=str(state), **_of_sender(sender))


@_on("task_revoked")
def _revoked(
    sender: Any, request: Any = None, terminated: Any = None, signum: Any = None, expired: Any = None, **_: Any
) -> None:
    why = "terminated" if terminated else "expired" if expired else None
    note("revoked", request.id, why=why, task=sender.name, **_of_sender(sender))


@_on("task_unknown")
def _unknown(id: str, **_: Any) -> None:
    note("unknown", id)


@_on("task_rejected")
def _rejected(message: Any, exc: Any = None, **_: Any) -> None:
    note("rejected", message.headers.get("id"), error=None if exc is None else type(exc).__name__)


@_on("worker_shutting_down")
def _shutting_down(sig: Any = None, how: Any = None, exitcode: Any = None, **_: Any) -> None:
    note("worker_shutting_down", why=f"{how}, {sig}")


@_on("worker_shutdown")
def _shutdown(**_: Any) -> None:
    note("worker_shutdown")


@_on("worker_process_shutdown")
def _process_shutdown(exitcode: Any = None, **_: Any) -> None:
    note("worker_process_shutdown", exit_code=exitcode)


def _of_sender(task: Any) -> dict[str, Any]:
    """Note that the signal's sender, a task, does not know which task it is about."""
    request = getattr(task, "request", None)
    return {"sender_lacks_id": True} if request is not None and request.id is None else {}
