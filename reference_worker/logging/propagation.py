"""What a message carries so that its task's records can be tied to its sender's."""

from __future__ import annotations

from typing import Any

from reference_worker.logging.context import current_context, identifier
from reference_worker.logging.execution import CORRELATION_HEADER, PARENT_HEADER, current_execution


def add_headers(headers: dict[str, Any]) -> None:
    """Name the sending task and its correlation in the *headers* of a task's message.

    A task that sends itself is being retried: it passes on what it was given,
    as Celery would name it its own parent, and can lose headers on the way.
    """
    task_id = headers.get("id")
    sender = current_execution()
    if sender is None:
        # A retry that the main process sends carries them already.
        bound = identifier(current_context().get("correlation_id"))
        headers.setdefault(CORRELATION_HEADER, bound or headers.get("root_id") or task_id)
        return
    headers[CORRELATION_HEADER] = sender.context.get("correlation_id")
    parent = sender.context.get("parent_task_id") if sender.task_id == task_id else sender.task_id
    if parent is None:
        headers.pop(PARENT_HEADER, None)
    else:
        headers[PARENT_HEADER] = parent
