"""A completion whose duration is not the time since its start."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, seconds


class DurationDisagrees(TaskRule):
    """
    `duration_ms` differs from the timestamps of start and completion by more than 10 % and 50 ms.

    In files of several hosts, whose clocks differ, it may count from any of the task's starts.

    **Known limits:** where the completion's own timestamp goes backwards, that is FMT016's matter.
    """

    requirement = "DONE006"
    fix = "Measure with a monotonic clock from `task_prerun` to `task_postrun`, in milliseconds."

    def check(self, history: History) -> Outcomes:
        for part in history.parts:
            kinds = [history.kind(record) for record in part]
            if kinds[0] != "task-start" or "task-completion" not in kinds:
                continue
            completion = part[kinds.index("task-completion")]
            told, began, ended = completion.get("duration_ms"), seconds(part[0]), seconds(completion)
            if began is None or ended is None or isinstance(told, bool) or not isinstance(told, int | float):
                continue
            if ended < began or told < 0:
                continue
            real = 1_000 * (ended - began)
            others = history.starts if len({record.place.path for record in history.records}) > 1 else []
            if _agrees(told, real) or any(_is_since(told, start, ended) for start in others):
                yield None
            elif not history.torn and not history.unannounced:  # else the two may be of two executions
                yield self.finding(f"duration_ms is {told}; the timestamps are {real:.0f} ms apart", completion)


def _is_since(told: float, start: Record, ended: float) -> bool:
    """Whether a duration began with *start*: clocks of several hosts can put another execution's start in between."""
    began = seconds(start)
    return began is not None and began <= ended and _agrees(told, 1_000 * (ended - began))


def _agrees(told: float, real: float) -> bool:
    return abs(told - real) <= max(50.0, 0.1 * real)
