"""A log file that cannot be opened is complained of with each record (SINK005)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._file_worker import LOG_FILE, AppendedFile, File, FileWorker

VIOLATES = "SINK005"


class ComplainingFile(AppendedFile):
    """The fault."""

    def __init__(self, worker: ComplainingWorker) -> None:
        super().__init__()
        self._worker = worker
        self._busy = False

    def write(self, line: str) -> None:
        """Append the line, or say that it can't be."""
        super().write(line)
        if self.fault is not None and not self._busy:
            self._busy = True
            logger = self._worker.adapter.get_logger(__name__)
            logger.error("Log file unusable", path=str(LOG_FILE), error=str(self.fault))
            self._busy = False


class ComplainingWorker(FileWorker):
    """A worker that does not remember what it said."""

    def open_file(self) -> File:
        """Return the file that complains."""
        return ComplainingFile(self)


app = Celery("complains_with_every_record")
app.conf.broker_connection_retry_on_startup = True
worker = ComplainingWorker("complains-with-every-record")
worker.instrument()
adapter = worker.adapter
