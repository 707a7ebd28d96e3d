"""The Celery app of a small shop."""

from celery import Celery

app = Celery("shop", include=["shop.tasks"])
app.conf.update(
    broker_url="redis://localhost:6379/0",
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    timezone="UTC",
)
