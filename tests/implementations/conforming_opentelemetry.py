"""Conforms: standard logging, traced by OpenTelemetry's instrumentation of Celery."""

from __future__ import annotations

from celery import Celery

from tests.implementations._traced_worker import TracedWorker, instrument

VIOLATES = None

instrument()
app = Celery("conforming_opentelemetry")
app.conf.broker_connection_retry_on_startup = True
worker = TracedWorker("conforming-opentelemetry")
worker.instrument()
adapter = worker.adapter
