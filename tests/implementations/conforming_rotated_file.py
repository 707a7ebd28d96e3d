"""Conforms: a log file that its processes rotate under one lock."""

from __future__ import annotations

from celery import Celery

from tests.implementations._file_worker import FileWorker

VIOLATES = None


app = Celery("conforming_rotated_file")
app.conf.broker_connection_retry_on_startup = True
worker = FileWorker("conforming-rotated-file")
worker.instrument()
adapter = worker.adapter
