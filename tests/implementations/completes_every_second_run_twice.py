"""Writes `Task completed` twice in every second run (DONE001): a flake, told by a counter in the folder it runs in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_init

from tests.implementations._lifecycle import Execution
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "DONE001"
COUNTER = Path("runs.txt")


class CompletesEverySecondRunTwice(StdlibWorker):
    """The fault."""

    faulty = False

    def say_completed(self, execution: Execution, retval: Any) -> None:
        """Say it again; not after a retry, which would break RETRY006 too."""
        super().say_completed(execution, retval)
        if self.faulty and not execution.retries:
            super().say_completed(execution, retval)


@worker_init.connect
def count(**_: Any) -> None:
    """Count the workers that were started in this folder; every second one is faulty."""
    number = int(COUNTER.read_text("ascii")) + 1 if COUNTER.exists() else 1
    COUNTER.write_text(str(number), "ascii")
    worker.faulty = number % 2 == 0


app = Celery("completes_every_second_run_twice")
app.conf.broker_connection_retry_on_startup = True
worker = CompletesEverySecondRunTwice("completes-every-second-run-twice")
worker.instrument()
