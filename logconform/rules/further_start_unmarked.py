"""A further execution whose start does not say that it is one."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import History, is_further, seconds
from logconform.rules.start_missing_or_repeated import SAME_EXECUTION_SECONDS


class FurtherStartUnmarked(TaskRule):
    """
    A task starts again, and its start has neither `retry_count` nor `redelivered`.

    Two starts with one id are then a retry, a redelivery or a fault of the log; the reader cannot tell.

    Which of several starts is the first is told by the marks, not by the order: the clocks of two hosts differ.

    **Known limits:** on brokers other than Redis and RabbitMQ a message loses the mark that it was delivered before, so
    no worker can tell; a rejected message that comes back is named all the same.
    """

    requirement = "START005"
    fix = "Write `retry_count` from `request.retries`, and `redelivered` from `request.delivery_info`."

    def check(self, history: History) -> Outcomes:
        unmarked = [start for start in history.starts if not is_further(start)]
        for start in history.starts[1:]:
            if is_further(start) or start is unmarked[0]:
                yield None
            elif history.retries or self._is_another(history, start):
                yield self.finding("starts a further execution, and does not say so", start)
            else:
                yield UNDECIDED  # one execution announced twice is START001's matter

    def _is_another(self, history: History, start: Record) -> bool:
        before = history.records[history.index(start) - 1]
        earlier, later = seconds(before), seconds(start)
        ended = any(history.index(ending) < history.index(start) for ending in history.endings)
        return ended or (earlier is not None and later is not None and later - earlier >= SAME_EXECUTION_SECONDS)
