"""Conforms: the reference worker, traced by OpenTelemetry's instrumentation of Celery."""

from __future__ import annotations

from reference_worker.celery_app import app
from tests.implementations._traced_worker import instrument

VIOLATES = None

instrument()
__all__ = ["app"]
