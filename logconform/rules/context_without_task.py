"""Records that carry a task's context but no task's id."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, StreamRule
from logconform.rules.history import is_celery


class TaskIdMissing(StreamRule):
    """
    A record carries an operation with a tenant or user, or a task's own operation, but no `task_id`.

    It was written by an execution, and cannot be found by it.
    """

    requirement = "CTX001"
    fix = "Bind `task_id` in `task_prerun`, and merge the context into every record."

    def see(self, record: Record) -> Outcomes:
        if record.task_id is not None:
            yield None
        elif "task_id" not in record.members and _is_of_execution(record):
            yield self.finding("carries a task's context, but no task_id", record)


class ContextOutsideTasks(StreamRule):
    """A record that no task wrote carries a tenant or user that a task of this stream was announced with."""

    requirement = "CTX005"
    fix = "Clear the context in `task_postrun`, whatever the ending."

    def __init__(self) -> None:
        self._bound: set[tuple[str, str]] = set()

    def see(self, record: Record) -> Outcomes:
        held = [(name, str(record.get(name))) for name in ("tenant_id", "user_id") if name in record.members]
        if record.task_id is not None:
            self._bound.update(held)
        elif held and not _is_of_execution(record):
            leaked = [name for name, value in held if (name, value) in self._bound]
            if leaked:
                yield self.finding(f"is outside any task, but carries the {leaked[0]} of one", record)
        elif not held:
            yield None


def _is_of_execution(record: Record) -> bool:
    operation = record.get("operation")
    if not isinstance(operation, str) or is_celery(record):
        return False
    return operation.startswith("task.") or any(name in record.members for name in ("tenant_id", "user_id"))
