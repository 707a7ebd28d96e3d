"""Conforms: lines are gathered, and go out in blocks: a task's with its ending, the main process's seldom."""

from __future__ import annotations

import atexit
import os
from typing import Any

from billiard.util import Finalize as BilliardFinalize
from celery import Celery

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker
from tests.implementations._stream import Stream, signals_held

VIOLATES = None
BLOCK_BYTES = 64 * 1024


class BufferedWorker(StdlibWorker):
    """Writes whole lines, many at a time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines: list[str] = []
        self._pid = os.getpid()
        self._plain: Stream | None = None

    def configure(self, level: int) -> None:
        """Put itself between the handler and the stream."""
        if self._plain is None and self.stream is not None:
            gathered: Any = self
            self._plain, self.stream = self.stream, gathered
            atexit.register(self.flush)
        super().configure(level)

    def write(self, line: str) -> None:
        """Keep *line* until there are enough of them."""
        if self._pid != os.getpid():  # forked: what was kept is the parent's
            self._pid, self._lines = os.getpid(), []
            BilliardFinalize(None, self.flush, exitpriority=1)
        self._lines.append(line)
        if sum(map(len, self._lines)) > BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was kept."""
        if self._plain is None or self._pid != os.getpid() or not self._lines:
            return
        with signals_held():
            kept, self._lines = self._lines, []
            self._plain.write("\n".join(kept))

    def leave(self, execution: Execution, state: Any) -> None:
        """Let a task's records out with its end, where it has a process of its own."""
        super().leave(execution, state)
        if os.getpid() != self._main_pid:
            self.flush()


app = Celery("conforming_block_buffered")
app.conf.broker_connection_retry_on_startup = True
worker = BufferedWorker("conforming-block-buffered")
worker.instrument()
adapter = worker.adapter
