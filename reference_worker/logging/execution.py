"""One run of a task's body: what its records are about, and which secrets it was given."""

from __future__ import annotations

import inspect
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from weakref import WeakSet

from reference_worker.logging.clock import Anchor
from reference_worker.logging.context import clear_context, current_context, replace_context, with_values
from reference_worker.logging.redaction import secret_values

CORRELATION_HEADER = "log_correlation_id"
PARENT_HEADER = "log_parent_task_id"

REMEMBERED = 10_000
"""Tasks that the worker's main process remembers, to name them should their child die."""

GUARDED_RECEIVED = 50
"""Received tasks whose secrets that process looks for: it is not told when a task is over."""


@dataclass(eq=False, slots=True, weakref_slot=True)
class Execution:
    """What is known of one execution before its body runs.

    `ended` says that its ending is on record; there is only one. `shared` says
    that another execution ran in the same process at some time.
    """

    task_id: str
    task_name: str
    context: dict[str, Any]
    args_count: int = 0
    kwargs_keys: list[str] = field(default_factory=list)
    retries: int = 0
    redelivered: bool = False
    eager: bool = False
    secrets: tuple[str, ...] = ()
    anchor: Anchor = field(default_factory=Anchor)
    ended: bool = False
    shared: bool = False
    outer: Execution | None = None
    outer_context: dict[str, Any] = field(default_factory=dict)


_current: ContextVar[Execution | None] = ContextVar("reference_worker_execution", default=None)
_running: WeakSet[Execution] = WeakSet()
_holding_secrets: WeakSet[Execution] = WeakSet()
_remembered: OrderedDict[str, Execution] = OrderedDict()
_guarded_received: deque[Execution] = deque()


def describe(
    task: Any, task_id: str, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None, request: Any
) -> Execution:
    """Return the execution of *task* that *request* (Celery's context, or None) asks for.

    Hostile arguments cost what they hold, never the execution's own id.
    """
    args, kwargs = _sequence(args), _mapping(kwargs)
    arguments = {**_positional(task, args), **kwargs}
    asked = _answers(request)
    return Execution(
        task_id=str(task_id),
        task_name=task.name,
        context=_context(task, str(task_id), arguments, asked),
        args_count=len(args),
        kwargs_keys=[str(name) for name in kwargs],
        retries=asked("retries") or 0,
        redelivered=bool((asked("delivery_info") or {}).get("redelivered")),
        eager=bool(asked("is_eager")),
        secrets=secret_values(arguments) if arguments else (),
    )


def current_execution() -> Execution | None:
    """Return the execution that runs here: in this thread, greenlet or process."""
    return _current.get()


def enter(execution: Execution) -> None:
    """Make *execution* the one that runs here, under its context alone."""
    if execution.eager:
        execution.outer, execution.outer_context = _current.get(), current_context()
    _running.add(execution)
    if len(_running) > 1:
        for other in tuple(_running):
            other.shared = True
    _current.set(execution)
    replace_context(execution.context)
    guard(execution)


def leave(execution: Execution) -> None:
    """End *execution* here. An in-process one gives way to what ran before; else nothing stays bound."""
    _running.discard(execution)
    _holding_secrets.discard(execution)
    _current.set(execution.outer)
    if execution.eager:
        replace_context(execution.outer_context)
    else:
        clear_context()


def guard(execution: Execution) -> None:
    """Keep the secrets of *execution* out of every record until it is over."""
    if execution.secrets:
        _holding_secrets.add(execution)


def guarded_values() -> tuple[str, ...]:
    """Return the secret values of all executions under way in this process, longest first."""
    if not _holding_secrets:
        return ()
    values = {value for execution in tuple(_holding_secrets) for value in execution.secrets}
    return tuple(sorted(values, key=len, reverse=True))


def remember(execution: Execution) -> None:
    """Remember a task that this process has received; forget the oldest beyond `REMEMBERED`."""
    _remembered[execution.task_id] = execution
    _remembered.move_to_end(execution.task_id)
    _guarded_received.append(execution)
    guard(execution)
    if len(_guarded_received) > GUARDED_RECEIVED:
        _holding_secrets.discard(_guarded_received.popleft())
    while len(_remembered) > REMEMBERED:
        _remembered.popitem(last=False)


def recall(task_id: str) -> Execution | None:
    """Return what this process remembers of the task."""
    return _remembered.get(task_id)


def forget_all() -> None:
    """Forget what the parent process knew: called in a forked child."""
    for known in (_remembered, _guarded_received, _running, _holding_secrets):
        known.clear()
    _current.set(None)
    clear_context()


def _context(task: Any, task_id: str, arguments: Mapping[str, Any], asked: Callable[[str], Any]) -> dict[str, Any]:
    outer = _current.get() if asked("is_eager") else None
    parent = asked(PARENT_HEADER) or asked("parent_id")
    inherited = outer.context.get("correlation_id") if outer else None
    return with_values(
        {
            "task_id": task_id,
            "operation": f"task.{task.name}",
            "tenant_id": arguments.get("tenant_id"),
            "user_id": arguments.get("user_id"),
            # On a retry, Celery names the task its own parent.
            "parent_task_id": parent if parent != task_id else None,
            "correlation_id": asked(CORRELATION_HEADER) or inherited or asked("root_id") or task_id,
        }
    )


def _answers(request: Any) -> Callable[[str], Any]:
    """Return what tells a member of *request* by its name; None for one that it doesn't have."""
    if isinstance(request, Mapping):
        return request.get
    return lambda name: getattr(request, name, None)


def _positional(task: Any, args: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(_parameters(task), args, strict=False)) if args else {}


@lru_cache(maxsize=4096)
def _parameters(task: Any) -> tuple[str, ...]:
    """Return the names that the task's positional arguments go by; its own `self` is not among them."""
    try:
        parameters: Iterable[inspect.Parameter] = inspect.signature(task.run).parameters.values()
    except (TypeError, ValueError):
        return ()
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in parameters if parameter.kind in named)


def _sequence(args: object) -> Sequence[Any]:
    return args if isinstance(args, (list, tuple)) else ()


def _mapping(kwargs: object) -> Mapping[str, Any]:
    return kwargs if isinstance(kwargs, dict) else {}
