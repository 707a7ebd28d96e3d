"""Conforms: standard logging alone. The adapter offers what standard logging lacks: blocks of context."""

from __future__ import annotations

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = None

app = Celery("conforming_stdlib")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("conforming-stdlib")
worker.instrument()
adapter = worker.adapter
