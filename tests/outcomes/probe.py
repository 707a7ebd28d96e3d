"""The app of the workers: plain Celery tasks, one for each way to end, and the recorder."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from celery import Celery
from celery.exceptions import Ignore, Reject

import tests.outcomes.recorder  # noqa: F401 - connects its receivers
from tests.outcomes import CONFIG_VARIABLE

NAP_SECONDS = 3.0
"""How long a task sleeps that is to be cut off: three times the limits that cut it."""

app = Celery("outcomes")
app.conf.update(
    worker_lost_wait=1.0,  # ten seconds by default
    broker_connection_retry_on_startup=True,
    **json.loads(os.environ.get(CONFIG_VARIABLE, "{}")),
)


class OutcomeError(Exception):
    """What a task raises."""


class TwoArgumentsError(Exception):
    """One that can't be pickled: it is made anew from its text alone, and wants more."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


@app.task(name="succeed")
def succeed(*_: Any) -> str:
    return "done"


@app.task(name="fail")
def fail(*_: Any) -> None:
    raise OutcomeError("failed")


@app.task(name="expected", throws=(OutcomeError,))
def expected() -> None:
    raise OutcomeError("expected")


@app.task(name="fail_group")
def fail_group() -> None:
    raise ExceptionGroup("two", [OutcomeError("one"), ValueError("two")])


@app.task(name="fail_unpicklable")
def fail_unpicklable() -> None:
    raise TwoArgumentsError("one", "two")


@app.task(name="retry", bind=True, max_retries=1)
def retry(self: Any, failures: int, with_exc: bool = False) -> None:
    if self.request.retries < failures:
        try:
            raise OutcomeError("again")
        except OutcomeError as error:
            raise self.retry(exc=error if with_exc else None, countdown=0)


@app.task(
    name="autoretry",
    bind=True,
    autoretry_for=(OutcomeError,),
    retry_kwargs={"max_retries": 1, "countdown": 0},
)
def autoretry(self: Any, failures: int) -> None:
    if self.request.retries < failures:
        raise OutcomeError("again")


@app.task(name="ignore")
def ignore() -> None:
    raise Ignore


@app.task(name="reject", bind=True, acks_late=True)
def reject(self: Any, requeue: bool) -> None:
    if _first_time(self):
        raise Reject("unwanted", requeue=requeue)


@app.task(name="reject_acked")
def reject_acked() -> None:
    raise Reject("unwanted", requeue=True)


@app.task(name="nap")
def nap(seconds: float = NAP_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.02)


@app.task(name="nap_once", bind=True, acks_late=True, acks_on_failure_or_timeout=False)
def nap_once(self: Any) -> None:
    if _first_time(self):
        nap()


@app.task(name="be_killed")
def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="be_killed_once", bind=True, acks_late=True, reject_on_worker_lost=True)
def be_killed_once(self: Any) -> None:
    if _first_time(self):
        os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="exit")
def leave(code: int) -> None:
    sys.exit(code)


@app.task(name="interrupt")
def interrupt() -> None:
    raise KeyboardInterrupt


def _raise_in_hook(*_: Any) -> None:
    raise LookupError("the hook failed")


@app.task(name="fail_in_hook", on_failure=_raise_in_hook)
def fail_in_hook() -> None:
    raise OutcomeError("failed")


@app.task(name="apply_inner")
def apply_inner(inner: str) -> None:
    succeed.apply(task_id=inner)


@app.task(name="call_other")
def call_other() -> None:
    succeed()


@app.task(name="send_other")
def send_other(other: str) -> None:
    succeed.apply_async(task_id=other)


def _first_time(task: Any) -> bool:
    """Whether this is the first execution: one before it left a file, in a folder that workers of one queue share."""
    try:
        Path(task.request.id).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
