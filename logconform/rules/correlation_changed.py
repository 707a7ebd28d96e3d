"""A task that lost the correlation or the parent with which it was sent."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, text_value


class CorrelationChanged(TaskRule):
    """A task that another one sent, or a further execution, starts with another `correlation_id` than that one."""

    requirement = "CTX012"
    fix = "Send `correlation_id` in the message's headers, and bind it from them in `task_prerun`."

    def check(self, history: History) -> Outcomes:
        for start in history.starts:
            parent, own = text_value(start, "parent_task_id"), text_value(start, "correlation_id")
            if parent is None or parent == start.task_id or ("correlation_id" in start.members and own is None):
                continue
            shared = history.sample.shares_correlation(parent, own)
            if shared is not None:
                yield None if shared else self.finding(f"correlation_id is {own!r}; its parent has another", start)


class ParentChanged(TaskRule):
    """A further execution starts with another parent or correlation than the first one."""

    requirement = "CTX012"
    fix = "Keep what the first execution had: the headers of the message travel with a retry."

    def check(self, history: History) -> Outcomes:
        for start in history.starts[1:]:
            changed = [
                name for name in ("parent_task_id", "correlation_id") if _changed(history.starts[0], start, name)
            ]
            if "correlation_id" in changed and self._is_told_against_parent(history):
                changed.remove("correlation_id")
            yield self.finding(f"{', '.join(changed)} differ from the first execution's", start) if changed else None

    def _is_told_against_parent(self, history: History) -> bool:
        first = history.starts[0]
        parent, own = text_value(first, "parent_task_id"), text_value(first, "correlation_id")
        return parent is not None and history.sample.shares_correlation(parent, own) is not None


class OwnParent(TaskRule):
    """A retry names its own task as its parent, because Celery does."""

    requirement = "CTX012"
    fix = (
        "On a retry keep the first execution's `parent_task_id`; Celery's `request.parent_id` is the task itself then."
    )

    def check(self, history: History) -> Outcomes:
        for record in history.records:
            if text_value(record, "parent_task_id") is not None:
                own = record.get("parent_task_id") == record.task_id
                yield self.finding("parent_task_id is the task's own id", record) if own else None


def _changed(first: Record, start: Record, name: str) -> bool:
    before, now = text_value(first, name), text_value(start, name)
    own = name == "parent_task_id" and now == start.task_id  # OwnParent says it
    return before is not None and now is not None and now != before and not own
