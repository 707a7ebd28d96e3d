"""Masks secrets by name, not where Celery repeats the arguments in the text of an exception (SAFE001)."""

from __future__ import annotations

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "SAFE001"


class ShowsSecretsOfRetries(Lines):
    """The fault."""

    def mask(self, text: str, secrets: tuple[str, ...]) -> str:
        """Mask addresses and little else."""
        return text if "Can't retry" in text else super().mask(text, secrets)


app = Celery("shows_secrets_of_retries")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("shows-secrets-of-retries", ShowsSecretsOfRetries())
worker.instrument()
