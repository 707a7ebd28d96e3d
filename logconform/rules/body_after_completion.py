"""A task's body speaks after its completion was announced."""

from __future__ import annotations

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History
from logconform.schemas import kind_of


class BodyAfterCompletion(TaskRule):
    """
    An execution record stands after the `Task completed` of its execution.

    Who reads the log as it comes takes the task for done, and misses what it still says.
    """

    requirement = "DONE001"
    fix = "Write `Task completed` when the body has returned, from `task_success` or `task_postrun`."

    def check(self, history: History) -> Outcomes:
        for part in history.executions():
            kinds = [kind_of(record) for record in part]
            if "task-completion" not in kinds:
                continue
            position = kinds.index("task-completion")
            late = [record for record in part[position + 1 :] if record in history.own_body and record.get("operation")]
            yield self.finding("stands after the `Task completed` of its execution", late[0]) if late else None
