"""Each process rotates the file by itself, as the standard handler does (SINK004)."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler

from celery import Celery

from tests.implementations._file_worker import LOG_FILE, File, FileWorker

VIOLATES = "SINK004"


class StandardFile:
    """The fault: one `RotatingFileHandler` in each process, on one file. Small files make its processes meet often."""

    def __init__(self) -> None:
        self.fault: OSError | None = None
        try:
            LOG_FILE.parent.mkdir(exist_ok=True)
            self._handler = RotatingFileHandler(LOG_FILE, maxBytes=200_000, backupCount=400, encoding="utf-8")
        except OSError as fault:
            self.fault = fault

    def write(self, line: str) -> None:
        """Hand the line over."""
        if self.fault is None:
            self._handler.handle(logging.LogRecord("line", logging.INFO, "", 0, line, None, None))


class StandardFileWorker(FileWorker):
    """The standard library's file."""

    def open_file(self) -> File:
        """Return the standard file."""
        return StandardFile()


app = Celery("rotates_in_each_process")
app.conf.broker_connection_retry_on_startup = True
worker = StandardFileWorker("rotates-in-each-process")
worker.instrument()
adapter = worker.adapter
