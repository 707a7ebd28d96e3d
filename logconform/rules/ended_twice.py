"""A task with more endings than executions: each such defect under the requirement it speaks against."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import AT_ONCE_SECONDS, History, is_further


def diagnose(history: History) -> tuple[str, Record] | None:
    """
    Say which requirement a surplus of endings speaks against, and which record is the surplus.

    Counts decide, not the order: on prefork the second execution's start may come before the first one's retry record.
    """
    finals = history.in_order([*history.completions, *history.failures, *_last_ends(history)])
    unfollowed = _unfollowed_retry(history)
    if finals and unfollowed is not None:
        return "RETRY003", unfollowed
    if len(finals) < 2:
        return None
    again = _ended_again(history)
    if again is not None:
        return "LIFE003", again
    if history.retries and history.begins_here and history.index(finals[0]) < _last_start(history):
        return "RETRY006", finals[0]
    return _surplus_of_one(history, finals)


def _surplus_of_one(history: History, finals: list[Record]) -> tuple[str, Record] | None:
    """Tell apart what one execution's endings contradict: each other, or only that there is more than one."""
    done, failed = history.completions, history.failures
    if done and len(finals) > len(done):
        return "DONE004", done[0]
    if len(done) > 1:
        return "DONE001", done[1]
    return ("FAIL001", failed[1]) if len(failed) > 1 else None


def _last_start(history: History) -> int:
    return history.index(history.starts[-1]) if history.starts else -1


def _last_ends(history: History) -> list[Record]:
    """
    Return the `Task ended` records that no redelivery follows: a rejected message may come back.

    A start that says it is a redelivery follows one of them, wherever the clock of another host puts it.
    """
    last = _last_start(history)
    after = [record for record in history.ends if history.index(record) > last]
    rejected = [record for record in after if record.get("state") == "REJECTED"]
    if not rejected or len(history.endings) == 1:
        return after
    redelivered = sum(start.get("redelivered") is True for start in history.starts)
    explained = len(after) if history.torn else max(0, redelivered - (len(history.ends) - len(after)))
    return [record for record in after if record not in rejected[:explained]]


def _unfollowed_retry(history: History) -> Record | None:
    """Return a retry record that no further execution followed, among those of a task that has ended."""
    announced = {_number(record): record for record in history.retries}  # the same one twice is RETRY001's
    if not announced or len(announced) < len(history.starts):
        return None
    if not history.begins_here or history.unannounced:
        return None
    last = max(announced.values(), key=lambda record: (_number(record), history.index(record)))
    spoke_on = any(history.index(record) > history.index(last) for record in history.own_body)
    return None if spoke_on or _may_begin_earlier(history) else last  # who speaks on is running: its start is missing


def _may_begin_earlier(history: History) -> bool:
    """Whether the sample may have cut off an execution, since its starts do not say which one they are."""
    if history.is_first_here:
        return False
    countdowns = [record.get("countdown") for record in history.retries]
    return any(not isinstance(each, int | float) or each < AT_ONCE_SECONDS for each in countdowns)


def _number(record: Record) -> float:
    count = record.get("retry_count")
    return count if isinstance(count, int | float) else -1


def _ended_again(history: History) -> Record | None:
    """Return the second completion or failure, where it is another execution's: a redelivery lies between the two."""
    ended = history.in_order([*history.completions, *history.failures])
    if len(ended) < 2:
        return None
    between = [start for start in history.starts if history.index(ended[0]) < history.index(start)]
    late = bool(history.failures)  # that of a lost process is told by another, after the next start
    redelivered = [
        start for start in history.starts[1:] if start.get("redelivered") is True and (late or start in between)
    ]
    unmarked = [start for start in between if not is_further(start) and not history.retries]
    return ended[1] if redelivered or unmarked else None


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
        return bool(history.failures or history.ends or history.revocations)


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


class RedeliveredAndEndedTwice(_Surplus):
    """Two executions of a redelivered task both say that they completed or failed; the task is counted twice."""

    requirement = "LIFE003"
    message = "ends a redelivered task that had ended before"
    fix = "Acknowledge the message before the visibility timeout; keep one ending per task id, the first."

    def concerns(self, history: History) -> bool:
        return any(start.get("redelivered") is True for start in history.starts[1:])
