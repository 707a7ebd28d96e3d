"""A worker with the probe's app, by the lab's machinery: started, warmed up, read, stopped."""

from __future__ import annotations

import gc
import itertools
import json
import signal
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celery import Celery
from celery.app.defaults import NAMESPACES

from logconform.lab.brokers import Broker
from logconform.lab.command import worker_command
from logconform.lab.process import WorkerProcess
from logconform.lab.process_environment import worker_environment
from tests.outcomes import CONFIG_VARIABLE, EVENTS_VARIABLE
from tests.outcomes.observed import Event

_PREFORK = {
    "prefork (fork)": ("prefork", "--pool-start-method", "fork"),
    "prefork (spawn)": ("prefork", "--pool-start-method", "spawn"),
}
_CHOOSES_START = "pool_start_method" in NAMESPACES["worker"]
"""Whether this Celery has the option; before 5.7 it forks."""

POOLS: Mapping[str, tuple[str, ...]] = {
    **(_PREFORK if _CHOOSES_START else {"prefork (fork)": ("prefork",)}),
    "threads": ("threads",),
    "solo": ("solo",),
    "gevent": ("gevent",),
}
"""What is compared: a pool and the options that choose it."""

START_SECONDS = 60.0
ANSWER_SECONDS = 15.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02

_numbers = itertools.count(1)


class WorkerFailed(Exception):
    """A worker did not start; the message ends with what it said."""


@dataclass
class Worker:
    """One worker process that takes one task at a time, from a queue of its own."""

    pool: str
    broker: Broker
    folder: Path
    queue: str
    options: Sequence[str] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    process: WorkerProcess = field(init=False)

    def __post_init__(self) -> None:
        number = next(_numbers)
        self.home = self.folder / f"worker-{number}"
        self.home.mkdir()
        self._tasks_folder = self.folder / self.queue
        self._tasks_folder.mkdir(exist_ok=True)
        self._events_file = self.home / "events"
        self.client = Celery(f"outcomes-client-{number}", broker=self.broker.url, set_as_current=False)
        self.client.conf.update(result_backend=self.broker.result_url, task_ignore_result=False)

    def start(self) -> None:
        """
        Start it, wait until it takes tasks, and have it run one: a worker that has worked shows what is left over.

        Raises:
            WorkerFailed: If that takes too long, or it ends.
        """
        pool, *chosen = POOLS[self.pool]
        command = worker_command(
            "tests.outcomes.probe:app",
            pool=pool,
            concurrency=1,
            broker=self.broker,
            includes=(),
            loglevel="WARNING",
            extra=(*chosen, *self.options),
        )
        config = json.dumps({"task_default_queue": self.queue, **self.config})
        own = {CONFIG_VARIABLE: config, EVENTS_VARIABLE: str(self._events_file)}
        environment = worker_environment(self._tasks_folder, self.broker.env, own)
        streams = self.home / "stdout", self.home / "stderr"
        self.process = WorkerProcess(command, environment, self._tasks_folder, *streams)
        self._wait("ready", None)
        self.hostname = next(each["hostname"] for each in self.events() if each["signal"] == "ready")
        warm_up = str(uuid.uuid4())
        self.client.send_task("succeed", task_id=warm_up, queue=self.queue)
        self._wait("postrun", warm_up)

    def events(self) -> list[Event]:
        """Return what the recorder wrote until now; a line that a killed process left unfinished is not there."""
        if not self._events_file.exists():
            return []
        *lines, _unfinished = self._events_file.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines]

    @property
    def end(self) -> str:
        """How it ended; empty while it runs."""
        code = self.process.exit_code
        if code is None:
            return ""
        return f"exits with {code}" if code >= 0 else f"is killed by {signal.Signals(-code).name}"

    def stop(self) -> None:
        """End it, warmly if it still runs."""
        gc.collect()  # results that nobody waits for unsubscribe: later their Redis is gone
        self.process.stop(warm_timeout=STOP_SECONDS)
        self.client.close()

    def _wait(self, signal_name: str, task_id: str | None) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not any(each["signal"] == signal_name and each.get("task_id") == task_id for each in self.events()):
            if time.monotonic() > deadline or not self.process.alive:
                said = self.process.stderr.path.read_text(errors="replace")[-2000:]
                self.process.kill()
                raise WorkerFailed(f"waited for {signal_name} of a worker on {self.pool}\n{said}")
            time.sleep(POLL_SECONDS)
