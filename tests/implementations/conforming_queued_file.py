"""Conforms: in each process, a queue and a thread write the log file, later than the console."""

from __future__ import annotations

import atexit
import os
import queue
import threading
from typing import Any

from celery import Celery, signals

from tests.implementations._file_worker import File, FileWorker, RotatedFile

VIOLATES = None


class QueuedFile(RotatedFile):
    """A file that is rotated among processes, with a queue before it in each."""

    def __init__(self) -> None:
        super().__init__()
        self._owner = 0
        self._closed = False
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def write(self, line: str) -> None:
        """Put the line into the queue; once that is closed, write it at once."""
        if self._owner != os.getpid():  # the first, or forked: what the queue held is the parent's
            self._start()
        if self._closed:
            super().write(line)
        else:
            self._lines.put(line)

    def close(self, **_: Any) -> None:
        """Write what the queue holds."""
        if self._owner == os.getpid() and not self._closed:
            self._closed = True
            self._lines.put(None)
            self._thread.join()

    def _start(self) -> None:
        self._owner, self._closed, self._lines = os.getpid(), False, queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        atexit.register(self.close)
        signals.worker_process_shutdown.connect(self.close)  # a pool's child calls nothing else as it ends

    def _work(self) -> None:
        while (line := self._lines.get()) is not None:
            super().write(line)


class QueuedFileWorker(FileWorker):
    """A file that is written by a thread."""

    def open_file(self) -> File:
        """Return the file with its queue."""
        return QueuedFile()


app = Celery("conforming_queued_file")
app.conf.broker_connection_retry_on_startup = True
worker = QueuedFileWorker("conforming-queued-file")
worker.instrument()
adapter = worker.adapter
