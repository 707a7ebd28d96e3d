"""
The oracle: what Celery really did, written from inside the worker under test.

Loaded by `celery worker --include`. It connects receivers of its own and
appends one JSON object per event to the file that `LOGCONFORM_ORACLE` names.
It never touches logging, so that it holds whatever the worker's log does;
and it never raises, so that the worker behaves as it would without it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
import traceback as tracebacks
import types
from collections.abc import Callable
from typing import Any

from celery import signals

FILE_VARIABLE = "LOGCONFORM_ORACLE"
FOLDER_VARIABLE = "LOGCONFORM_SERVICE_FOLDER"
"""Where the service's own modules are."""
NAMING = (
    "global_keyprefix",
    "sep",
    "priority_steps",
    "fanout_prefix",
    "fanout_patterns",
    "unacked_key",
    "unacked_index_key",
)
"""Options of kombu's transports by which a sender and a worker must agree, or they do not meet."""
TEXT_KEPT = 2_000
"""Characters kept of an exception's message."""


def note(kind: str, **facts: Any) -> None:
    """Append one event; silently do nothing where no file is named."""
    path = os.environ.get(FILE_VARIABLE)
    if not path:
        return
    event = {"kind": kind, "at": time.time(), "pid": os.getpid(), "thread": threading.get_ident(), **facts}
    line = (json.dumps(event, default=_text, skipkeys=True) + "\n").encode("ascii", "replace")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)  # one append to a regular file: whole, whatever its size
    finally:
        os.close(descriptor)


def _text(value: object) -> str:
    try:
        return str(value)[:TEXT_KEPT]
    except BaseException as error:
        return f"<{type(value).__name__} whose __str__ raises {type(error).__name__}>"


def _on(signal: Any, kind: str) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., dict[str, Any]]]:
    """Connect a function that turns a signal's arguments into facts."""

    def connect(facts_of: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def receiver(sender: Any = None, **arguments: Any) -> None:
            try:
                note(kind, **facts_of(sender=sender, **arguments))
            except Exception:
                note("oracle_error", about=kind, error=tracebacks.format_exc())

        receiver.__name__ = f"logconform_oracle_{kind}"
        signal.connect(receiver, weak=False, dispatch_uid=receiver.__name__)
        return facts_of

    return connect


def _identifier(kwargs: object, name: str) -> dict[str, str] | None:
    """Return the type and text of an identifier among the keyword arguments, None where there is none."""
    if not isinstance(kwargs, dict) or kwargs.get(name) is None:
        return None
    value = kwargs[name]
    return {"type": type(value).__name__, "text": _text(value)}


def _call(args: Any, kwargs: Any) -> dict[str, Any]:
    return {
        "args_count": len(args or ()),
        "kwargs_keys": [_text(name) for name in (kwargs or {})],
        "tenant_id": _identifier(kwargs, "tenant_id"),
        "user_id": _identifier(kwargs, "user_id"),
        "probe": _text((kwargs or {}).get("probe")) if "probe" in (kwargs or {}) else None,
    }


def _request(request: Any) -> dict[str, Any]:
    delivery = getattr(request, "delivery_info", None) or {}
    return {
        "retries": getattr(request, "retries", 0) or 0,
        "redelivered": bool(delivery.get("redelivered")),
        "eager": bool(getattr(request, "is_eager", False)),
        "parent_id": getattr(request, "parent_id", None),
        "root_id": getattr(request, "root_id", None),
    }


def _error(error: object) -> dict[str, Any] | None:
    if error is None:
        return None
    kind = type(error)
    return {"type": kind.__name__, "module": kind.__module__, "text": _text(error)}


@_on(signals.worker_ready, "ready")
def _ready(sender: Any, **_: Any) -> dict[str, Any]:
    app = sender.app
    return {
        "hostname": sender.hostname,
        "pool": type(sender.pool).__module__,
        "queues": list(app.amqp.queues.consume_from),
        "serializer": app.conf.task_serializer,
        "accepts": _accepts(app),
        "naming": _naming(app.conf.broker_transport_options),
        "result_naming": _naming(app.conf.result_backend_transport_options),
        "adapter_error": _adapter_error(),
        "broker": _broker(app),
    }


def _broker(app: Any) -> str | None:
    """Return where the worker listens, without credentials; None where that can't be told."""
    from logconform.lab.brokers import name_of

    address = app.conf.broker_read_url or app.conf.broker_url
    return name_of(";".join(address) if isinstance(address, (list, tuple)) else str(address)) if address else None


def _accepts(app: Any) -> list[str] | None:
    """Return the content types of the tasks that the worker takes; None where it takes any."""
    from kombu.serialization import prepare_accept_content

    accepted = prepare_accept_content(app.conf.accept_content)  # type: ignore[no-untyped-call]
    return None if accepted is None else sorted(accepted)


def _naming(options: Any) -> dict[str, Any]:
    """Return the options of a transport that say what its queues are called; the others may hold credentials."""
    return {name: value for name, value in (options or {}).items() if name in NAMING}


def _adapter_error() -> str | None:
    """Say why the adapter that the probes shall speak through can't be had; None where it can, or none is named."""
    from logconform.lab.voice import ADAPTER_VARIABLE, load_adapter

    try:
        load_adapter(os.environ.get(ADAPTER_VARIABLE))
    except ValueError as error:
        return str(error)
    return None


@_on(signals.worker_shutdown, "shutdown")
def _shutdown(**_: Any) -> dict[str, Any]:
    return {}


@_on(signals.task_received, "received")
def _received(request: Any = None, **_: Any) -> dict[str, Any]:
    return {"task_id": getattr(request, "id", None), "task": getattr(request, "name", None)}


@_on(signals.task_prerun, "prerun")
def _prerun(task_id: Any = None, task: Any = None, args: Any = None, kwargs: Any = None, **_: Any) -> dict[str, Any]:
    return {"task_id": task_id, "task": task.name, **_call(args, kwargs), **_request(task.request)}


@_on(signals.task_postrun, "postrun")
def _postrun(task_id: Any = None, task: Any = None, state: Any = None, retval: Any = None, **_: Any) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "task": task.name,
        "state": state,
        "returned": retval is not None,
        "retries": getattr(task.request, "retries", 0) or 0,
        "eager": bool(getattr(task.request, "is_eager", False)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


@_on(signals.task_failure, "failure")
def _failure(
    sender: Any = None, task_id: Any = None, exception: Any = None, traceback: Any = None, **_: Any
) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "task": getattr(sender, "name", None),
        "error": _error(exception),
        "has_traceback": traceback is not None,
        "in_probe": _in_probe(traceback),
    }


def _in_probe(traceback: Any) -> bool | None:
    """Return whether the lab's own code was running when the exception was raised; None where that can't be told."""
    if not isinstance(traceback, types.TracebackType):
        return None
    home = os.path.dirname(__file__)  # noqa: PTH120 - as little as possible runs in the worker
    return any(frame.f_code.co_filename.startswith(home) for frame, _ in tracebacks.walk_tb(traceback))


@_on(signals.task_retry, "retry")
def _retry(sender: Any = None, request: Any = None, reason: Any = None, **_: Any) -> dict[str, Any]:
    override = getattr(sender, "override_max_retries", None)
    return {
        "task_id": getattr(request, "id", None),
        "task": getattr(sender, "name", None),
        "retries": getattr(request, "retries", 0) or 0,
        "max_retries": override if override is not None else getattr(sender, "max_retries", None),
        "error": _error(getattr(reason, "exc", None)),
        "has_reason": reason is not None,
    }


@_on(signals.task_revoked, "revoked")
def _revoked(request: Any = None, terminated: Any = None, expired: Any = None, **_: Any) -> dict[str, Any]:
    return {
        "task_id": getattr(request, "id", None),
        "task": getattr(request, "name", None),
        "terminated": bool(terminated),
        "expired": bool(expired),
    }


@_on(signals.task_unknown, "unknown")
def _unknown(name: Any = None, id: Any = None, **_: Any) -> dict[str, Any]:
    return {"task_id": id, "task": name}


@_on(signals.task_rejected, "message_rejected")
def _message_rejected(**_: Any) -> dict[str, Any]:
    return {}


@_on(signals.task_internal_error, "internal_error")
def _internal_error(task_id: Any = None, **_: Any) -> dict[str, Any]:
    return {"task_id": task_id}


def _install_filesystem_broker() -> None:
    """Cure Celery's filesystem transport where the lab runs on it."""
    if not os.environ.get("LOGCONFORM_FILESYSTEM_BROKER"):
        return
    from logconform.lab import filesystem_transport

    filesystem_transport.install()


def _find_own_modules() -> None:
    """Put the service's folder last on the path: in front it may not be, where it would hide Python's own modules."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        sys.path.append(folder)  # Celery may have it in front for now, while it imports this module


_install_filesystem_broker()
_find_own_modules()
note("loaded", argv=sys.argv)
