"""Conforms: each process hands its records to a queue, and a thread of its own writes them, later."""

from __future__ import annotations

import atexit
import logging
import logging.handlers
import os
import queue
import time
from typing import Any

from billiard.util import Finalize as BilliardFinalize
from celery import Celery, signals

from tests.implementations._handler import RecordHandler, direct_all_to
from tests.implementations._stdlib_worker import ContextFilter, StdlibHandler, StdlibWorker

VIOLATES = None
BEHIND_SECONDS = 0.03
"""How long a record waits at least: longer than most tasks take."""


class Writer(logging.Handler):
    """Writes lines that are made already."""

    def __init__(self, worker: QueueWorker) -> None:
        super().__init__()
        self._worker = worker

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, not before it is due."""
        wait = record.created + BEHIND_SECONDS - time.time()
        if wait > 0 and not self._worker.hurried:
            time.sleep(wait)
        if self._worker.stream is not None:
            self._worker.stream.write(record.msg)


class LineQueueHandler(logging.handlers.QueueHandler):
    """Makes the line at once, with the context there is, and puts it into the queue of this process."""

    def __init__(self, worker: QueueWorker, maker: RecordHandler) -> None:
        super().__init__(queue.SimpleQueue())
        self._worker = worker
        self._maker = maker

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord | None:
        """Return a record that is the line."""
        line = self._maker.line(record)
        if not line:
            return None
        return logging.LogRecord("line", logging.INFO, "", 0, line, None, None)

    def enqueue(self, record: logging.LogRecord | None) -> None:
        """Put a line into the queue; start the listener of this process before the first."""
        if record is not None:
            self._worker.listen()
            self.queue.put_nowait(record)


class QueueWorker(StdlibWorker):
    """A queue and a listener in each process."""

    handler: LineQueueHandler | None = None
    listener: logging.handlers.QueueListener | None = None
    listens_in = 0
    hurried = False

    def configure(self, level: int) -> None:
        """Put the queue's handler on the root logger."""
        maker = StdlibHandler(self)
        self.handler = LineQueueHandler(self, maker)
        self.handler.addFilter(ContextFilter(self))
        self.drain()
        direct_all_to(self.handler, level)

    def listen(self) -> None:
        """Start this process's listener, unless it runs."""
        assert self.handler is not None
        if self.listens_in == os.getpid():
            return
        if self.listens_in:  # forked: what the queue held is the parent's
            self.handler.queue = queue.SimpleQueue()
        self.listens_in = os.getpid()
        self.listener = logging.handlers.QueueListener(self.handler.queue, Writer(self))
        self.listener.start()
        BilliardFinalize(None, self.drain, exitpriority=1)

    def drain(self) -> None:
        """Write what the queue holds, and stop."""
        if self.listener is not None and self.listens_in == os.getpid():
            self.hurried = True
            self.listener.stop()
            self.listener, self.listens_in, self.hurried = None, 0, False


app = Celery("conforming_queue_listener")
app.conf.broker_connection_retry_on_startup = True
worker = QueueWorker("conforming-queue-listener")
worker.instrument()
adapter = worker.adapter


def _drain(**_: Any) -> None:
    worker.drain()


def _drain_at_exit(**_: Any) -> None:
    atexit.register(worker.drain)  # Celery has more to say after this signal


signals.worker_process_shutdown.connect(_drain, weak=False)
signals.worker_shutdown.connect(_drain_at_exit, weak=False)
