"""Progress at a bounded rate: often enough to follow a long task, too seldom to fill the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class Logger(Protocol):
    """What progress is written with."""

    def info(self, event: str, /, **fields: Any) -> None:
        """Write a record."""


class Progress:
    """Counts items and writes `Processing progress`: the first, the last, and at most one a second between.

    Of more than *every* items a second, a second's record stands for all (PROG003).
    """

    def __init__(
        self, logger: Logger, total: int, every: int = 1000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.processed = 0
        self._logger = logger
        self._total = total
        self._every = every
        self._clock = clock
        self._reported_at: float | None = None

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the *items*, counting each once it has been dealt with."""
        for item in items:
            yield item
            self.processed += 1
            if self._is_due():
                self._report()

    def _is_due(self) -> bool:
        if self._reported_at is None or self.processed == self._total:
            return True
        return self.processed % self._every == 0 and self._clock() - self._reported_at >= 1

    def _report(self) -> None:
        self._reported_at = self._clock()
        self._logger.info("Processing progress", processed_records=self.processed, total_records=self._total)
