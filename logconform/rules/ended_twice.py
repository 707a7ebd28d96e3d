"""A task with more endings than executions: each such defect under the requirement it speaks against."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, position


def diagnose(history: History) -> tuple[str, Record] | None:
    """
    Say which requirement a surplus of endings speaks against, and which record is the surplus.

    Counts decide, not the order: on prefork the second execution's start may come before the first one's retry record.
    """
    done, failed, retried = history.completions, history.failures, history.retries
    ended = [record for record in history.others if record.event == "Task ended"]
    finals = sorted([*done, *failed, *ended], key=position)
    announced = {record.get("retry_count"): record for record in retried}  # the same retry twice is RETRY001's matter
    if history.begins_here and finals and len(announced) > len(history.starts) - 1:
        return "RETRY003", max(announced.values(), key=lambda record: str(record.get("retry_count")))
    if len(finals) < 2:
        return None
    if retried and history.begins_here:
        return "RETRY006", finals[0]
    if done and (failed or ended):
        return "DONE004", done[0]
    if len(done) > 1:
        return "DONE001", done[1]
    if len(failed) > 1:
        return "FAIL001", failed[1]
    return None


class _Surplus(TaskRule):
    message = ""

    def check(self, history: History) -> Outcomes:
        diagnosis = diagnose(history)
        if diagnosis is not None and diagnosis[0] == self.requirement:
            yield self.finding(self.message, diagnosis[1])
        elif self.concerns(history):
            yield None

    def concerns(self, history: History) -> bool:
        """Whether the history holds what the requirement is about."""
        raise NotImplementedError


class CompletedTwice(_Surplus):
    """One execution announces its completion twice; every count of tasks is then too high."""

    requirement = "DONE001"
    message = "the task's completion is announced a second time"
    fix = "Write `Task completed` once, from the `task_success` signal."

    def concerns(self, history: History) -> bool:
        return bool(history.completions)


class CompletedAndFailed(_Surplus):
    """A task that failed, was ignored or rejected also says that it completed; alerts and dashboards then disagree."""

    requirement = "DONE004"
    message = "says that the task completed, but another record says that it ended otherwise"
    fix = "Write `Task completed` from `task_success`, or from `task_postrun` only where state is SUCCESS."

    def concerns(self, history: History) -> bool:
        return bool(history.failures or history.others)


class FailedTwice(_Surplus):
    """One failure is announced twice, as happens when a hard time limit fires its signal twice."""

    requirement = "FAIL001"
    message = "the task's failure is announced a second time"
    fix = "Remember the ids of failures that were written; Celery reports a hard time limit twice."

    def concerns(self, history: History) -> bool:
        return bool(history.failures)


class RetryNotFollowed(_Surplus):
    """A record says that the task is retrying, but no further execution follows; whoever waits for it waits in vain."""

    requirement = "RETRY003"
    message = "says it is retrying, but no further execution follows"
    fix = "Write the record from the `task_retry` signal, not from the task's exception handler."

    def concerns(self, history: History) -> bool:
        return bool(history.retries)


class RetriedAndEnded(_Surplus):
    """A retried execution also says that it completed or failed."""

    requirement = "RETRY006"
    message = "ends an execution that was retried"
    fix = "Write nothing but the retry record where the state is RETRY."

    def concerns(self, history: History) -> bool:
        return bool(history.retries)
