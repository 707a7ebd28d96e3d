"""An execution without its start record, or with two."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import LIFECYCLE, History, is_celery, is_further, seconds
from logconform.rules.sample import LEAST_SECONDS, LONGER_THAN_EVER

SAME_EXECUTION_SECONDS = 1.0
"""Starts of one task that are closer, with no ending between them, announce one execution twice."""
_ROUNDING_SECONDS = 0.05
_FINISHED, _NAMESAKES = 100, 20
_ENDED_ELSEWHERE = {"task-revoked", "task-failure", "task-ended"}
_ENDS = {"task-completion", "task-failure", "task-retry", "task-revoked", "task-ended"}


class StartMissingOrRepeated(TaskRule):
    """
    An execution that no `Task starting` announces, that one announces late, or that two announce.

    Without the start neither waiting time nor run time can be computed; with two, executions are counted twice.

    **Known limits:** a sample may open in the middle of an execution. It is a
    violation where the completion's `duration_ms` places the start inside the
    sample, where the sample opens with the worker's own start, or where at
    least twenty tasks had run before, one by one; and where the sample went on
    for ten times longer than any of at least a hundred finished executions
    took, twenty of the same task among them.
    """

    requirement = "START001"
    fix = "Write `Task starting` once, from the `task_prerun` signal."

    def check(self, history: History) -> Outcomes:
        parts = list(history.parts)
        if history.kind(parts[0][0]) != "task-start":
            yield from self._opening(history, parts.pop(0), parts[0][0] if parts else None)
        if history.retries and history.unannounced is not None and history.begins_here:
            yield self.finding("no `Task starting` announced this further execution", history.unannounced)
        for index, part in enumerate(parts):
            repeated = index > 0 and self._repeats(history, parts[index - 1], part[0])
            if repeated and not history.sample.whole and not history.endings:
                yield UNDECIDED  # the record of the retry between the two may come after the second
            else:
                yield self.finding("the same execution is announced a second time", part[0]) if repeated else None

    def _opening(self, history: History, part: list[Record], start: Record | None) -> Outcomes:
        """Judge the records before the first start."""
        own = [record for record in part if self._is_of_execution(history, record, start)]
        if all(history.kind(record) in _ENDED_ELSEWHERE for record in own):
            return  # the main process may report a task that never ran
        if history.torn or "task-start" in history.sample.orphans:
            yield UNDECIDED
        elif start is not None and self._is_late(history, part, own[0], start):
            yield self.finding("was written before the execution's `Task starting`", own[0])
        elif history.sample.whole or self._began_inside(history, part, own[0]):
            yield self.finding("no `Task starting` announced this execution", own[0])
        else:
            yield UNDECIDED

    def _is_of_execution(self, history: History, record: Record, start: Record | None) -> bool:
        """Whether a record before any start is one of an execution, and no message that was received."""
        if is_celery(record) or not (record.get("operation") or history.kind(record) in LIFECYCLE):
            return False
        if start is None or history.kind(record) in LIFECYCLE or record.logger != start.logger:
            return True
        return not history.speaks_outside(record, next(part for part in history.parts if part[0] is start))

    def _is_late(self, history: History, part: list[Record], first: Record, start: Record) -> bool:
        if is_further(start) or any(history.kind(record) in {"task-completion", "task-retry"} for record in part):
            return False
        if history.sample.whole:
            return True
        earlier, later = seconds(first), seconds(start)
        close = earlier is None or later is None or later - earlier < SAME_EXECUTION_SECONDS
        return close and not history.retries

    def _began_inside(self, history: History, part: list[Record], first: Record) -> bool:
        """Whether the execution surely began after the sample did."""
        sample = history.sample
        if sample.edge(first).opened:
            return True
        for record in part:
            ended, duration = seconds(record), record.get("duration_ms")
            if history.kind(record) == "task-completion" and isinstance(duration, int | float) and ended is not None:
                since = sample.since_opening(record, ended - duration / 1_000)
                return since is not None and since > _ROUNDING_SECONDS
        if sample.went_on_before(first.place.offset):
            return True
        since = sample.since_opening(first)
        if since is None or sum(sample.finished.values()) < _FINISHED:
            return False
        known = sample.finished.get(history.name or "", 0) >= _NAMESAKES
        return known and since > max(LONGER_THAN_EVER * sample.longest, LEAST_SECONDS)

    def _repeats(self, history: History, before: list[Record], start: Record) -> bool:
        """Whether two starts with nothing between them that ends the first are of one execution."""
        if is_further(start) or history.retries or any(history.kind(record) in _ENDS for record in before):
            return False
        first, second = seconds(before[0]), seconds(start)
        close = first is not None and second is not None and second - first < SAME_EXECUTION_SECONDS
        return close and not history.torn
