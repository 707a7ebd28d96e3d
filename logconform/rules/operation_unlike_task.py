"""A start record whose operation is not its task's."""

from __future__ import annotations

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History


class OperationUnlikeTask(TaskRule):
    """The start record's `operation` is not `task.<task name>`; the two then cannot be joined."""

    requirement = "CTX007"
    fix = "Bind `operation` as `task.` and the task's name in `task_prerun`."

    def check(self, history: History) -> Outcomes:
        for start in history.starts:
            name, operation = start.get("task_name"), start.get("operation")
            if not isinstance(name, str) or not isinstance(operation, str):
                continue  # a missing member is the schema's matter
            wrong = operation != f"task.{name}"
            yield self.finding(f"operation is {operation!r}, not 'task.{name}'", start) if wrong else None
