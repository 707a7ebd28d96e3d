"""Records that carry a task's context but no task's id."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import IfBound, Outcomes, StreamRule
from logconform.rules.history import LIFECYCLE, is_celery, text_value
from logconform.schemas import kind_of


class TaskIdMissing(StreamRule):
    """
    A record carries an operation with a tenant, user or correlation of a task, or a task's own, but no `task_id`.

    It was written by an execution, and cannot be found by it. Lifecycle records are the schemas' matter.
    """

    requirement = "CTX001"
    fix = "Bind `task_id` in `task_prerun`, and merge the context into every record."

    def see(self, record: Record) -> Outcomes:
        if record.task_id is not None:
            yield None
        elif "task_id" not in record.members and kind_of(record) not in LIFECYCLE:
            finding = self.finding("carries a task's context, but no task_id", record)
            correlation = text_value(record, "correlation_id")
            if _is_of_execution(record):
                yield finding
            elif correlation is not None and has_operation(record):
                yield IfBound((("correlation_id", correlation),), finding)


class ContextOutsideTasks(StreamRule):
    """A record that no task wrote carries a tenant or user that a task of this stream was announced with."""

    requirement = "CTX005"
    fix = "Clear the context in `task_postrun`, whatever the ending."

    def see(self, record: Record) -> Outcomes:
        members = record.members
        held = [(name, str(members[name])) for name in ("tenant_id", "user_id") if name in members]
        if record.task_id is not None:
            return
        if not held:
            yield None
        elif "task_id" not in members and not _is_of_execution(record) and kind_of(record) not in LIFECYCLE:
            names = " and ".join(name for name, _ in held)
            yield IfBound(tuple(held), self.finding(f"is outside any task, but carries the {names} of one", record))


def has_operation(record: Record) -> bool:
    """Whether a record that is not Celery's says what it is part of."""
    return text_value(record, "operation") is not None and not is_celery(record)


def _is_of_execution(record: Record) -> bool:
    if not has_operation(record):
        return False
    return str(record.get("operation")).startswith("task.") or any(
        name in record.members for name in ("tenant_id", "user_id")
    )
