"""Processes write to one pipe without taking turns (SINK007)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker
from tests.implementations._stream import Stream

VIOLATES = "SINK007"


class TearingStream:
    """The fault."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write the line, whatever the others do."""
        self._stream._write_all(line.encode("utf-8", "backslashreplace") + b"\n")


class TearsLongRecords(StdlibWorker):
    """A worker whose stream has no lock."""

    def configure(self, level: int) -> None:
        """Write without a lock."""
        super().configure(level)
        if isinstance(self.stream, Stream):
            self.stream = TearingStream(self.stream)  # type: ignore[assignment]


app = Celery("tears_long_records")
app.conf.broker_connection_retry_on_startup = True
worker = TearsLongRecords("tears-long-records")
worker.instrument()
adapter = worker.adapter
