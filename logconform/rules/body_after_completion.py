"""A task's body speaks after its completion was announced."""

from __future__ import annotations

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import BODY, History, is_celery


class BodyAfterCompletion(TaskRule):
    """
    An execution record stands after the `Task completed` of its execution.

    Who reads the log as it comes takes the task for done, and misses what it still says.

    **Known limits:** what the lifecycle's own logger adds, if the body never used it, is not the body's.
    """

    requirement = "DONE001"
    fix = "Write `Task completed` when the body has returned, from `task_success` or `task_postrun`."

    def check(self, history: History) -> Outcomes:
        for part in history.parts:
            kinds = [history.kind(record) for record in part]
            if "task-completion" not in kinds:
                continue
            late = [
                record
                for record, kind in list(zip(part, kinds, strict=True))[kinds.index("task-completion") + 1 :]
                if kind in BODY and not is_celery(record) and record.get("operation")
                if record not in history.borrowed and not history.speaks_outside(record, part)
            ]
            yield self.finding("stands after the `Task completed` of its execution", late[0]) if late else None
