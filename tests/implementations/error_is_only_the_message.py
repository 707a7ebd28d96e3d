"""Writes the message alone as `error`, without the exception's type (FAIL003)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker
from tests.implementations._values import text_of

VIOLATES = "FAIL003"


class ErrorIsOnlyTheMessage(Lines):
    """The fault."""

    def error(self, error: BaseException) -> str:
        """Return the message, if there is one."""
        return text_of(error) or super().error(error)


app = Celery("error_is_only_the_message")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("error-is-only-the-message", ErrorIsOnlyTheMessage())
worker.instrument()
