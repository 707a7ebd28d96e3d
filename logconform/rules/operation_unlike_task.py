"""A lifecycle record whose operation is not its task's."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import LIFECYCLE, History, text_value


class OperationUnlikeTask(TaskRule):
    """
    The `operation` of a lifecycle record is not `task.<task name>`; the two then cannot be joined.

    No `log_context` is open where the lifecycle is announced, so nothing overrides it there.
    """

    requirement = "CTX007"
    fix = "Bind `operation` as `task.` and the task's name in `task_prerun`, and let `log_context` restore it."

    def check(self, history: History) -> Outcomes:
        for record in history.records:
            if history.kind(record) not in LIFECYCLE:
                continue
            name, operation = text_value(record, "task_name") or history.name, _operation(record)
            if name is None or operation is None:
                continue  # a missing or malformed member is the schema's matter
            wrong = operation != f"task.{name}"
            yield self.finding(f"operation is {operation!r}, not 'task.{name}'", record) if wrong else None


def _operation(record: Record) -> str | None:
    """Return the operation if EXEC003 has nothing against it."""
    operation = text_value(record, "operation")
    if operation is None or operation != "".join(operation.split()):
        return None
    return operation if "." in operation and all(operation.split(".")) else None
