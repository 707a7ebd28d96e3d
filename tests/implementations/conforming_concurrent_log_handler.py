"""Conforms: the file is a handler of concurrent-log-handler, which rotates among processes."""

from __future__ import annotations

import logging

from celery import Celery
from concurrent_log_handler import ConcurrentRotatingFileHandler

from tests.implementations._file_worker import LOG_FILE, File, FileWorker

VIOLATES = None


class LibraryFile:
    """The library, given lines that are made already; it opens its file at the first of them."""

    def __init__(self) -> None:
        self.fault: OSError | None = None
        try:
            LOG_FILE.parent.mkdir(exist_ok=True)
            with LOG_FILE.open("a"):
                self._handler = ConcurrentRotatingFileHandler(str(LOG_FILE), maxBytes=2_000_000, backupCount=50)
        except OSError as fault:
            self.fault = fault

    def write(self, line: str) -> None:
        """Hand the line over."""
        if self.fault is None:
            self._handler.handle(logging.LogRecord("line", logging.INFO, "", 0, line, None, None))


class LibraryWorker(FileWorker):
    """The library's file."""

    def open_file(self) -> File:
        """Return the library's file."""
        return LibraryFile()


app = Celery("conforming_concurrent_log_handler")
app.conf.broker_connection_retry_on_startup = True
worker = LibraryWorker("conforming-concurrent-log-handler")
worker.instrument()
adapter = worker.adapter
