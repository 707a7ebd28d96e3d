"""A completion whose duration is not the time since its start."""

from __future__ import annotations

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, seconds
from logconform.schemas import kind_of


class DurationDisagrees(TaskRule):
    """`duration_ms` differs from the timestamps of start and completion by more than 10 % and 50 ms."""

    requirement = "DONE006"
    fix = "Measure with a monotonic clock from `task_prerun` to `task_postrun`, in milliseconds."

    def check(self, history: History) -> Outcomes:
        for part in history.executions():
            completions = [record for record in part if kind_of(record) == "task-completion"]
            if kind_of(part[0]) != "task-start" or not completions:
                continue
            told, began, ended = completions[0].get("duration_ms"), seconds(part[0]), seconds(completions[0])
            if began is None or ended is None or isinstance(told, bool) or not isinstance(told, int | float):
                continue
            real = 1_000 * (ended - began)
            if abs(told - real) > max(50.0, 0.1 * real):
                yield self.finding(f"duration_ms is {told}; the timestamps are {real:.0f} ms apart", completions[0])
            else:
                yield None
