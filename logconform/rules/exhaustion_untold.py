"""Retries used up, and nobody told."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import History

SETTLED_SECONDS = 1.0
SETTLED_LINES = 100
"""The two records are written together: so long after the first, or so many lines later, the second is missing."""


class ExhaustionUntold(TaskRule):
    """
    A task failed after its last retry without `Task failed permanently after max retries`, or with two of them.

    The alert that a person must act on is keyed to that event.

    **Known limits:** where a sample ends right after the first of the two records, the second is not missed.
    """

    requirement = "RETRY004"
    fix = "Write it from `task_failure` where `request.retries` has reached the `max_retries` in force."

    def check(self, history: History) -> Outcomes:
        told, failures = history.exhaustions, history.failures
        if len(told) > 1:
            yield self.finding("is written a second time", told[1])
        elif told and not failures:
            yield self.finding("no `Task failed` follows", told[0]) if self._settled(history, told[0]) else UNDECIDED
        elif told and history.index(failures[0]) < history.index(told[0]):
            yield self.finding("stands after the task's `Task failed`", told[0])
        elif not told and failures and self._used_up(history):
            message = "fails after its last retry, without `Task failed permanently after max retries`"
            torn = history.torn or "task-retries-exhausted" in history.sample.orphans
            yield UNDECIDED if torn else self.finding(message, failures[0])
        elif told:
            yield None

    def _settled(self, history: History, told: Record) -> bool:
        if history.torn or "task-failure" in history.sample.orphans:
            return False
        if history.sample.whole:
            return True
        silence = history.sample.silent_after(told)
        further = history.sample.edge(told).lines - told.place.line
        return further > SETTLED_LINES or (silence is not None and silence > SETTLED_SECONDS)

    def _used_up(self, history: History) -> bool:
        """Whether the last retry record was the last that its `max_retries` allows, and its error ended the task."""
        if not history.retries:
            return False
        last = history.retries[-1]
        count, limit = last.get("retry_count"), last.get("max_retries")
        if not isinstance(count, int) or not isinstance(limit, int) or count + 1 < limit:
            return False
        final = str(history.failures[0].get("error")).split(":")[0]
        return final in {str(last.get("error")).split(":")[0], "MaxRetriesExceededError"}
