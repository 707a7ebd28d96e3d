"""Retry records that are missing, repeated, or count wrongly."""

from __future__ import annotations

from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import History


def _counts(history: History) -> list[int]:
    counts = [record.get("retry_count") for record in history.retries]
    return sorted(count for count in counts if isinstance(count, int) and not isinstance(count, bool))


class RetryUnannounced(TaskRule):
    """A further execution says that it is a retry, and no record of the one before said that it would come."""

    requirement = "RETRY001"
    fix = "Write `Task failed, retrying` from the `task_retry` signal: it fires for `self.retry` and `autoretry_for`."

    def check(self, history: History) -> Outcomes:
        if not history.begins_here:
            return
        counts = ((start, start.get("retry_count")) for start in history.starts)
        further = [start for start, count in counts if isinstance(count, int) and count > 0]
        if len(further) > len(history.retries):
            # The record may come after the start of the execution that it announces.
            if not history.sample.whole and not history.endings and further[-1] is history.starts[-1]:
                yield UNDECIDED
                return
            yield self.finding("is a retry that no `Task failed, retrying` announced", further[-1])
        elif further:
            yield None


class RetryAnnouncedTwice(TaskRule):
    """The same retry is announced twice, once by the task and once centrally, as a rule."""

    requirement = "RETRY001"
    fix = "Leave the record to the `task_retry` signal; do not write it inside the task."

    def check(self, history: History) -> Outcomes:
        seen: set[object] = set()
        for record in history.retries:
            count = record.get("retry_count")
            if isinstance(count, int) and count in seen and len(history.retries) >= len(history.starts):
                yield self.finding(f"retry {count} is announced a second time", record)
            seen.add(count if isinstance(count, int) else id(record))


class RetriesMiscounted(TaskRule):
    """`retry_count` does not start at 0, or does not grow by one."""

    requirement = "RETRY002"
    fix = "Take `retry_count` from `request.retries`, as it is when the `task_retry` signal fires."

    def check(self, history: History) -> Outcomes:
        counts = sorted(set(_counts(history)))
        if not counts:
            return
        if history.begins_here and counts[0] != 0:
            yield self.finding(f"the first retry has retry_count {counts[0]}, not 0", history.retries[0])
        elif counts != list(range(counts[0], counts[0] + len(counts))):
            yield self.finding(f"retry_count runs {counts}: it must grow by one", history.retries[-1])
        else:
            yield None
