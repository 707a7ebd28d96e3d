"""An execution that starts and never ends."""

from __future__ import annotations

from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import History, seconds

SILENT_SECONDS = 3_600.0
"""After an hour without a record a task that is still running would have spoken, or been stopped."""


def is_lost(history: History) -> bool | None:
    """Whether a task started and never ended: True, False, or None where the sample does not tell."""
    if not history.starts:
        return False
    redelivered = sum(start.get("redelivered") is True for start in history.starts[1:])
    expected = len(history.starts) - len(history.retries) - redelivered
    if history.endings or expected <= 0:
        return False
    if history.sample.whole:
        return True
    last, end = seconds(history.records[-1]), history.sample.last
    if last is not None and end is not None and end - last > SILENT_SECONDS:
        return True
    return True if history.sample.went_on_after(history.records[-1].place.offset) else None


def _shows_failure(history: History) -> bool:
    last = history.records[-1]
    return last.level in {"error", "critical"} and bool(last.get("exception"))


class EndingMissing(TaskRule):
    """
    An execution was announced, and no record tells how it ended.

    It may have been lost with its worker, or its ending was never written: either way nobody will be told.

    **Known limits:** at the end of a sample tasks are still running. An
    execution counts as lost where the worker had one slot and went on with
    other tasks, or where it was silent for an hour.
    """

    requirement = "LIFE004"
    fix = "Write `Task ended` from `task_postrun` where no other ending was written."

    def check(self, history: History) -> Outcomes:
        lost = is_lost(history)
        if lost is None:
            yield UNDECIDED
        elif lost and not _shows_failure(history):
            yield self.finding("the execution has no ending", history.starts[-1])
        elif history.starts:
            yield None


class FailureLost(TaskRule):
    """An execution's last word is an error with its traceback, and no `Task failed` follows."""

    requirement = "FAIL001"
    fix = "Write `Task failed` from the `task_failure` signal, in the main process as well as in its children."

    def check(self, history: History) -> Outcomes:
        if _shows_failure(history) and is_lost(history):
            yield self.finding("the task's last record is an error, and no `Task failed` follows", history.records[-1])
