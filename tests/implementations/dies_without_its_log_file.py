"""A log file that cannot be opened ends the worker (SINK005)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._file_worker import AppendedFile, File, FileWorker

VIOLATES = "SINK005"


class DiesWithoutFile(FileWorker):
    """The fault."""

    def open_file(self) -> File:
        """Return the file, or give up."""
        file = AppendedFile()
        if file.fault is not None:
            raise SystemExit(f"cannot open the log file: {file.fault}")
        return file


app = Celery("dies_without_its_log_file")
app.conf.broker_connection_retry_on_startup = True
worker = DiesWithoutFile("dies-without-its-log-file")
worker.instrument()
adapter = worker.adapter
