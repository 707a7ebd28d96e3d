"""Tasks that end in every way; loaded into the reference worker with `--include`."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded
from celery.signals import task_prerun

from reference_worker.celery_app import app
from reference_worker.logging import get_logger, log_context

logger = get_logger(__name__)


@app.task(name="probe.ok")
def ok(tenant_id: str | None = None, **_: Any) -> int:
    """Print in every way, and say who is asking."""
    print("printed by Python")
    os.write(1, b"printed past Python\n")
    print("printed on standard error", file=sys.stderr)
    with log_context(operation="probe.inner"):
        logger.info("Probe ran", blob="x" * 50_000)
    return 0


@app.task(name="probe.fail")
def fail(password: str) -> None:
    """Fail with a secret in the message."""
    raise ValueError(f"cannot use {password}")


@app.task(bind=True, name="probe.retry", max_retries=2)
def retry(self: Any, succeeds: bool, user_id: int) -> None:
    """Retry once and succeed, or retry until no retry is left."""
    if succeeds and self.request.retries:
        return
    self.retry(exc=ConnectionError("down"), countdown=0.05)


@app.task(name="probe.ignore")
def ignore() -> None:
    """End as ignored."""
    raise Ignore


@app.task(name="probe.reject")
def reject() -> None:
    """End as rejected."""
    raise Reject("no", requeue=False)


@app.task(name="probe.soft", soft_time_limit=1)
def soft() -> None:
    """Run into the soft time limit; where the pool has none, raise what it would."""
    time.sleep(1.5)
    raise SoftTimeLimitExceeded


@app.task(name="probe.hard", time_limit=1)
def hard(tenant_id: str) -> None:
    """Run into the hard time limit, on pools that have one."""
    time.sleep(3)


@app.task(name="probe.exit")
def leave() -> None:
    """Exit."""
    sys.exit(3)


@app.task(name="probe.hook", on_failure=lambda *_: {}["missing"])
def hook() -> None:
    """Fail, and fail again in the hook that is told."""
    raise ValueError("body")


@app.task(name="probe.parent")
def parent(tenant_id: str) -> None:
    """Send another task."""
    ok.apply_async(task_id="child-of-" + parent.request.id)


@app.task(bind=True, name="probe.positional")
def positional(self: Any, user_id: str, tenant_id: str) -> None:
    """Take identifiers by position."""
    logger.info("Probe ran")


@app.task(
    name="probe.autoretry",
    max_retries=9,
    autoretry_for=(ConnectionError,),
    retry_backoff=False,
    retry_kwargs={"max_retries": 1, "countdown": 0.05},
)
def autoretry(tenant_id: str) -> None:
    """Be retried by Celery itself, once."""
    raise ConnectionError("down")


@app.task(bind=True, name="probe.requeue", acks_late=True)
def requeue(self: Any, tenant_id: str) -> None:
    """Go back to the queue once, and succeed."""
    if not self.request.delivery_info.get("redelivered"):
        raise Reject("later", requeue=True)


@app.task(bind=True, name="probe.hard_requeue", acks_late=True, acks_on_failure_or_timeout=False, time_limit=1)
def hard_requeue(self: Any, tenant_id: str) -> None:
    """Run into the hard time limit, go back to the queue, and succeed."""
    if not self.request.delivery_info.get("redelivered"):
        time.sleep(3)


@app.task(name="probe.handler")
def handler(tenant_id: str) -> None:
    """Run although a handler of the service's own raises at its start."""
    logger.info("Probe ran")


def raise_at_start(sender: Any = None, **_: Any) -> None:
    """Raise, as a broken handler of the service's does."""
    raise RuntimeError("broken handler")


task_prerun.connect(raise_at_start, sender=handler)
