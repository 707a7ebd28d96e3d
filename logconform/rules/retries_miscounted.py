"""Retry records that are missing, repeated, or count wrongly."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import History, is_further


def _count(record: Record) -> int | None:
    count = record.get("retry_count")
    return count if isinstance(count, int) and not isinstance(count, bool) else None


class RetryUnannounced(TaskRule):
    """A further execution says that it is a retry, and no record of the one before said that it would come."""

    requirement = "RETRY001"
    fix = "Write `Task failed, retrying` from the `task_retry` signal: it fires for `self.retry` and `autoretry_for`."

    def check(self, history: History) -> Outcomes:
        further = {count: start for start in history.starts if (count := _count(start) or 0) > 0}
        if not further or is_further(history.starts[0]):
            return
        if len(further) <= len(history.retries):
            yield None
            return
        if not history.begins_here:
            return
        last = further[max(further)]
        # The record may come after the start of the execution that it announces.
        cut = not history.sample.whole and not history.endings and last is history.starts[-1]
        if cut or "task-retry" in history.sample.orphans:
            yield UNDECIDED
        else:
            yield self.finding("is a retry that no `Task failed, retrying` announced", last)


class RetryAnnouncedTwice(TaskRule):
    """The same retry is announced twice, once by the task and once centrally, as a rule."""

    requirement = "RETRY001"
    fix = "Leave the record to the `task_retry` signal; do not write it inside the task."

    def check(self, history: History) -> Outcomes:
        seen: set[object] = set()
        for record in history.retries:
            count = _count(record)
            if count in seen and len(history.retries) >= len(history.starts):
                yield self.finding(f"retry {count} is announced a second time", record)
            seen.add(id(record) if count is None else count)


class RetriesMiscounted(TaskRule):
    """
    `retry_count` does not start at 0, or does not grow by one.

    **Known limits:** executions that another worker ran are not in this one's log, and their retries are not missed.
    """

    requirement = "RETRY002"
    fix = "Take `retry_count` from `request.retries`, as it is when the `task_retry` signal fires."

    def check(self, history: History) -> Outcomes:
        counted = {count: record for record in history.retries[::-1] if (count := _count(record)) is not None}
        if not counted:
            return
        missing = [count for count in range(max(counted)) if count not in counted]
        if not missing:
            yield None
            return
        first = min(counted)
        here = [count for count in missing if self._ran_here(history, count)]
        marked = {count for start in history.starts if (count := _count(start))}
        if history.torn or "task-retry" in history.sample.orphans:
            yield UNDECIDED
        elif len(marked) > len(history.retries):
            yield UNDECIDED  # a record is missing, which is RETRY001's matter
        elif not here or len(history.retries) < len(counted):
            yield None
        elif first in here or first > min(here):
            yield self.finding(f"the first retry has retry_count {first}, not 0", counted[first])
        else:
            wrong = counted[min(count for count in counted if count > here[0])]
            yield self.finding(f"retry_count is {_count(wrong)} where {here[0]} is due", wrong)

    def _ran_here(self, history: History, count: int) -> bool:
        """Whether the execution that would be retried for the *count*th time is in the sample."""
        if not history.begins_here:
            return any(_count(start) == count for start in history.starts)
        if any(_count(start) == count for start in history.starts):
            return True
        if not history.is_first_here:
            return False
        return count == 0 or (
            all(_count(start) in {None, 0} for start in history.starts[1:]) and len(history.starts) > count
        )
