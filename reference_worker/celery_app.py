"""The Celery app: `celery --quiet --app reference_worker.celery_app:app worker`."""

from __future__ import annotations

from celery import Celery

from reference_worker import worker  # noqa: F401 - connects the log's set-up
from reference_worker.logging import instrument
from reference_worker.settings import get_worker_settings

settings = get_worker_settings()

app = Celery(
    "reference_worker",
    broker=settings.broker_url,
    backend=settings.result_backend,
    include=[
        "reference_worker.tasks.email",
        "reference_worker.tasks.data",
        "reference_worker.tasks.maintenance",
        "reference_worker.tasks.unreliable",
    ],
)
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
)
instrument(app)
