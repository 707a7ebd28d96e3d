"""Retries used up, and nobody told."""

from __future__ import annotations

from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import History, position


class ExhaustionUntold(TaskRule):
    """
    A task failed after its last retry without `Task failed permanently after max retries`, or with two of them.

    The alert that a person must act on is keyed to that event.
    """

    requirement = "RETRY004"
    fix = "Write it from `task_failure` where `request.retries` has reached the `max_retries` in force."

    def check(self, history: History) -> Outcomes:
        told, failures = history.exhaustions, history.failures
        if len(told) > 1:
            yield self.finding("is written a second time", told[1])
        elif told and not failures:
            yield self.finding("no `Task failed` follows", told[0]) if history.follows else UNDECIDED
        elif told and failures[0].place.offset < told[0].place.offset:
            yield self.finding("stands after the task's `Task failed`", told[0])
        elif not told and failures and self._used_up(history):
            yield self.finding(
                "fails after its last retry, without `Task failed permanently after max retries`", failures[0]
            )
        elif told:
            yield None

    def _used_up(self, history: History) -> bool:
        """Whether the last retry record was the last that its `max_retries` allows, and the same error ended the task."""
        if not history.retries:
            return False
        last = max(history.retries, key=position)
        count, limit = last.get("retry_count"), last.get("max_retries")
        if not isinstance(count, int) or not isinstance(limit, int) or count + 1 < limit:
            return False
        final = str(history.failures[0].get("error")).split(":")[0]
        return final in {str(last.get("error")).split(":")[0], "MaxRetriesExceededError"}
