"""Masks nothing by its name: passwords and tokens stand in fields, messages and tracebacks (SAFE001)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._secrets import mask_emails
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "SAFE001"


class LogsTheToken(Lines):
    """The fault."""

    def mask(self, text: str, secrets: tuple[str, ...]) -> str:
        """Mask e-mail addresses only."""
        return mask_emails(text)

    def is_secret(self, name: str) -> bool:
        """Find nothing secret."""
        return False


app = Celery("logs_the_token")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("logs-the-token", LogsTheToken())
worker.instrument()
