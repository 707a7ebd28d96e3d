"""Conforms: a log file that is only appended to; rotating it is somebody else's work."""

from __future__ import annotations

from celery import Celery

from tests.implementations._file_worker import AppendedFile, File, FileWorker

VIOLATES = None


class AppendingWorker(FileWorker):
    """No rotation."""

    def open_file(self) -> File:
        """Return the plain file."""
        return AppendedFile()


app = Celery("conforming_appended_file")
app.conf.broker_connection_retry_on_startup = True
worker = AppendingWorker("conforming-appended-file")
worker.instrument()
adapter = worker.adapter
