"""The file gets the service's own records alone (SINK003)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._file_worker import File, FileWorker, RotatedFile

VIOLATES = "SINK003"


class OwnFile(RotatedFile):
    """The fault."""

    def write(self, line: str) -> None:
        """Leave libraries out."""
        if '"logger": "logconform.library' not in line and '"logger":"logconform.library' not in line:
            super().write(line)


class OwnFileWorker(FileWorker):
    """A file for its own records."""

    def open_file(self) -> File:
        """Return the file that lacks some."""
        return OwnFile()


app = Celery("file_lacks_library_records")
app.conf.broker_connection_retry_on_startup = True
worker = OwnFileWorker("file-lacks-library-records")
worker.instrument()
adapter = worker.adapter
