"""An execution that starts and never ends."""

from __future__ import annotations

import enum

from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import ENDINGS, History
from logconform.rules.sample import LEAST_SECONDS, LONGER_THAN_EVER, SILENT_SECONDS


class Loss(enum.IntEnum):
    """How sure it is that a task started and never ended."""

    NONE = 0
    UNKNOWN = 1
    LIKELY = 2
    SURE = 3


def loss(history: History) -> Loss:
    """Say whether a task started and never ended."""
    redelivered = sum(start.get("redelivered") is True for start in history.starts[1:])
    expected = len(history.starts) - len(history.retries) - redelivered
    if history.endings or history.exhaustions or expected <= 0:  # that no failure follows exhaustion is RETRY004
        return Loss.NONE
    if history.torn or history.sample.orphans & ENDINGS:
        return Loss.UNKNOWN
    if history.sample.whole or _silent_for_too_long(history):
        return Loss.SURE
    return Loss.LIKELY if _others_went_on(history) else Loss.UNKNOWN


def _silent_for_too_long(history: History) -> bool:
    silence, sample = history.sample.silent_after(history.records[-1]), history.sample
    if silence is None:
        return False
    unheard = max(LONGER_THAN_EVER * sample.longest_silence, LEAST_SECONDS)
    return silence > SILENT_SECONDS or (sample.knows_how_long() and silence > unheard)


def _others_went_on(history: History) -> bool:
    last = history.records[-1]
    return history.sample.edge(last).closed > last.place.offset or history.sample.went_on_after(last.place.offset)


def _shows_failure(history: History) -> bool:
    last = history.records[-1]
    return last.level in {"error", "critical"} and bool(last.get("exception"))


class EndingMissing(TaskRule):
    """
    An execution was announced, and no record tells how it ended.

    It may have been lost with its worker, or its ending was never written: either way nobody will be told.

    **Known limits:** at the end of a sample tasks are still running. An
    execution counts as lost where the worker went on with other tasks one by
    one, or ended; where it was silent for an hour; or where it was silent ten
    times longer than any of at least twenty finished executions ever was.
    """

    requirement = "LIFE004"
    fix = "Write `Task ended` from `task_postrun` where no other ending was written."

    def check(self, history: History) -> Outcomes:
        if not history.starts:
            return
        lost = loss(history)
        if lost is Loss.UNKNOWN:
            yield UNDECIDED
        elif lost is Loss.LIKELY or (lost is Loss.SURE and not _shows_failure(history)):
            yield self.finding("the execution has no ending", history.starts[-1])
        else:
            yield None


class FailureLost(TaskRule):
    """
    An execution's last word is an error with its traceback, and no `Task failed` follows.

    **Known limits:** a task may handle an error, and still be at work where a
    sample ends. Only where it surely is not, the failure is known to be lost.
    """

    requirement = "FAIL001"
    fix = "Write `Task failed` from the `task_failure` signal, in the main process as well as in its children."

    def check(self, history: History) -> Outcomes:
        if not history.starts or not _shows_failure(history):
            return
        lost = loss(history)
        if lost is Loss.SURE:
            yield self.finding("the task's last record is an error, and no `Task failed` follows", history.records[-1])
        elif lost is not Loss.NONE:
            yield UNDECIDED
