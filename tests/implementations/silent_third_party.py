"""Writes only what comes through structlog, and Celery's own: other libraries' records vanish (FMT013)."""

from __future__ import annotations

import logging

from celery import Celery

from tests.implementations._structlog_worker import StructlogWorker

VIOLATES = "FMT013"


class SilentThirdParty(StructlogWorker):
    """The fault."""

    def configure(self, level: int) -> None:
        """Put the handler in place, with a filter."""
        super().configure(level)
        logging.getLogger().handlers[0].addFilter(is_own)


def is_own(record: logging.LogRecord) -> bool:
    """Whether a record is of structlog, of this worker or of Celery."""
    return hasattr(record, "_logger") or record.name.startswith(("tests.", "celery", "python."))


app = Celery("silent_third_party")
app.conf.broker_connection_retry_on_startup = True
worker = SilentThirdParty("silent-third-party")
worker.instrument()
