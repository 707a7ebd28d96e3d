"""What a process has not flushed when it ends never reaches the file (SINK006)."""

from __future__ import annotations

import os

from celery import Celery

from tests.implementations._file_worker import LOG_FILE, File, FileWorker

VIOLATES = "SINK006"


class BufferedFile:
    """The fault: lines wait in memory until there are many, and nobody flushes them at the end."""

    def __init__(self) -> None:
        self.fault: OSError | None = None
        self._lines: list[bytes] = []
        self._owner = os.getpid()
        try:
            LOG_FILE.parent.mkdir(exist_ok=True)
            self._descriptor = os.open(LOG_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as fault:
            self.fault = fault

    def write(self, line: str) -> None:
        """Keep the line, and write all that are kept once there are many."""
        if self.fault is not None:
            return
        if self._owner != os.getpid():
            self._owner, self._lines = os.getpid(), []
        self._lines.append(line.encode("utf-8", "backslashreplace") + b"\n")
        if len(self._lines) >= 64:
            os.write(self._descriptor, b"".join(self._lines))
            self._lines.clear()


class BufferedWorker(FileWorker):
    """A worker with a buffered file."""

    def open_file(self) -> File:
        """Return the buffered file."""
        return BufferedFile()


app = Celery("loses_the_last_records_of_the_file")
app.conf.broker_connection_retry_on_startup = True
worker = BufferedWorker("loses-the-last-records-of-the-file")
worker.instrument()
adapter = worker.adapter
