"""An execution without its start record, or with two."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import History, is_celery, is_further, seconds
from logconform.schemas import kind_of


class StartMissingOrRepeated(TaskRule):
    """
    An execution that no `Task starting` announces, that one announces late, or that two announce.

    Without the start neither waiting time nor run time can be computed; with two, executions are counted twice.

    **Known limits:** a sample may open in the middle of an execution. It is a
    violation where the completion's `duration_ms` places the start inside the
    sample, or where a worker with one slot had ended another task before.
    """

    requirement = "START001"
    fix = "Write `Task starting` once, from the `task_prerun` signal."

    def check(self, history: History) -> Outcomes:
        parts = history.executions()
        if kind_of(parts[0][0]) != "task-start":
            yield from self._opening(history, parts.pop(0), bool(parts) and not is_further(parts[0][0]))
        for index, part in enumerate(parts):
            repeated = index > 0 and self._repeats(history, parts[index - 1], part[0])
            yield self.finding("the same execution is announced a second time", part[0]) if repeated else None

    def _opening(self, history: History, part: list[Record], then_starts: bool) -> Outcomes:
        """Judge the records before the first start."""
        own = [record for record in part if not is_celery(record) and record.get("operation")]
        ended = any(kind_of(record) in {"task-completion", "task-retry"} for record in part)
        if not own or all(kind_of(record) in {"task-revoked", "task-failure", "task-ended"} for record in own):
            return  # the main process may report a task that never ran
        if then_starts and not ended:
            yield self.finding("was written before the execution's `Task starting`", own[0])
        elif history.sample.whole or self._began_inside(history, part):
            yield self.finding("no `Task starting` announced this execution", own[0])
        else:
            yield UNDECIDED

    def _began_inside(self, history: History, part: list[Record]) -> bool:
        """Whether the execution surely began after the sample did."""
        opened = history.sample.first
        for record in part:
            ended, duration = seconds(record), record.get("duration_ms")
            if (
                kind_of(record) == "task-completion"
                and isinstance(duration, int | float)
                and None not in (ended, opened)
            ):
                return ended - duration / 1_000 > opened + 0.05  # type: ignore[operator]
        return history.sample.went_on_before(part[0].place.offset)

    def _repeats(self, history: History, before: list[Record], start: Record) -> bool:
        """Whether two starts with nothing between them that ends the first are of one execution."""
        ended = any(kind_of(record).startswith("task-") and kind_of(record) in _ENDS for record in before)
        if ended or is_further(start) or history.retries:
            return False
        first, second = seconds(before[0]), seconds(start)
        return first is not None and second is not None and second - first < 1.0


_ENDS = {"task-completion", "task-failure", "task-retry", "task-revoked", "task-ended"}
