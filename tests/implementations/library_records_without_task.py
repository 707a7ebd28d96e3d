"""Leaves the context out of records of libraries (CTX001)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "CTX001"


class LibraryRecordsWithoutTask(StdlibWorker):
    """The fault."""

    def line(self, **parts: Any) -> str | None:
        """Drop it."""
        if "library" in parts["logger"]:
            parts["context"] = {name: value for name, value in parts["context"].items() if name != "task_id"}
        return super().line(**parts)


app = Celery("library_records_without_task")
app.conf.broker_connection_retry_on_startup = True
worker = LibraryRecordsWithoutTask("library-records-without-task")
worker.instrument()
