"""Conforms: structlog, rendered by `ProcessorFormatter` on the tree of standard logging."""

from __future__ import annotations

from celery import Celery

from tests.implementations._structlog_worker import StructlogWorker

VIOLATES = None

app = Celery("conforming_processor_formatter")
app.conf.broker_connection_retry_on_startup = True
worker = StructlogWorker("conforming-processor-formatter")
worker.instrument()
