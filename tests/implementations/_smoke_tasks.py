"""Tasks of the smoke test, loaded by `--include`; they log through standard logging."""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import logging
import sys
import time
from typing import Any

from celery import shared_task

log = logging.getLogger("tests.implementations.smoke")


@shared_task(name="smoke.succeeds")
def succeeds(**_: Any) -> int:
    """Speak, print and return."""
    log.info("Smoke rising", extra={"payload": {1: b"\xff", "password": "hunter2-smoke"}, "task_id": "forged"})
    print("printed by a task")
    return 0


@shared_task(name="smoke.fails")
def fails(*_args: Any, verification_token: str = "", **_: Any) -> None:
    """Raise from a cause, with a secret in the message."""
    try:
        dict[str, int]()["the cause"]
    except KeyError as cause:
        raise ConnectionError(f"no answer to {verification_token}") from cause


@shared_task(bind=True, name="smoke.retries", max_retries=9)
def retries(self: Any, **_: Any) -> None:
    """Ask for a retry that one execution may have."""
    raise self.retry(countdown=0, max_retries=1, exc=ValueError("not yet"))


@shared_task(name="smoke.overruns", time_limit=1)
def overruns(**_: Any) -> None:
    """Run into the hard time limit."""
    time.sleep(30)


@shared_task(bind=True, name="smoke.nests")
def nests(self: Any, **_: Any) -> None:
    """Run another task in-process."""
    succeeds.apply(kwargs={"tenant_id": "inner"})
    log.info("Smoke settling")


@shared_task(name="smoke.exits")
def exits(**_: Any) -> None:
    """Leave by SystemExit."""
    sys.exit(3)
