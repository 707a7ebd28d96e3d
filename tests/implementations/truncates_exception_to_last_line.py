"""Writes of a traceback its last line only (FAIL003)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FAIL003"


class TruncatesExceptionToLastLine(Lines):
    """The fault."""

    def traceback(self, error: BaseException) -> str:
        """Return the last line; of causes and groups, too."""
        whole = super().traceback(error)
        shown = [line for line in whole.splitlines() if "probe" in line and "File" not in line]
        return " / ".join([*shown, whole.rsplit("\n", maxsplit=1)[-1]])


app = Celery("truncates_exception_to_last_line")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("truncates-exception-to-last-line", TruncatesExceptionToLastLine())
worker.instrument()
