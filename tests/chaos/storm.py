"""The storm: tasks of all endings, sent as fast as the worker takes them, while things break."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from logconform.lab.brokers import Broker, open_broker
from logconform.lab.evidence import Sent
from logconform.lab.probes import PREFIX
from logconform.lab.subject import Setup, Subject
from logconform.lab.worker import Worker, nonce

SLOTS = 8
IN_FLIGHT = 400
"""Tasks that are sent and not over; the sender waits where there are more."""
TASKS_PER_KILL = 500
STALLED_SECONDS = 45.0
"""After so long without any progress, what is not over never will be: its message went with a killed process."""
FILE_MEGABYTES = 1
KEPT_BYTES = 1 << 30

MIX: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (60, "end", {"how": "succeeds"}),
    (8, "end", {"how": "raises an exception"}),
    (4, "end", {"how": "raises an exception of its own"}),
    (3, "end", {"how": "raises from a cause"}),
    (2, "end", {"how": "raises an exception group"}),
    (3, "expected", {}),
    (6, "retry", {"failures": 1}),
    (2, "retry", {"failures": 9}),
    (3, "autoretry", {"failures": 1}),
    (3, "end", {"how": "is ignored"}),
    (2, "end", {"how": "is rejected"}),
    (2, "again", {"how": "is rejected and delivered again"}),
    (1, "third_party", {}),
    (1, "prints", {}),
)
"""How often in a hundred, which probe, and how it ends."""


@dataclass
class Storm:
    """What was done, and what is left to look at."""

    folder: Path
    seed: int
    worker: Worker
    sent: list[Sent] = field(default_factory=list)
    kills: int = 0
    restarts: int = 0
    lost: list[Sent] = field(default_factory=list)
    """Tasks that Celery never ended: their messages went with a killed process."""
    seconds: float = 0.0

    @property
    def files(self) -> list[Path]:
        """The log file and its old ones, the oldest first."""
        found = list((self.folder / "logs").glob("worker.log*"))
        return sorted(found, key=lambda path: -int(path.suffix[1:]) if path.suffix[1:].isdigit() else 0)


class Rage:
    """One storm while it lasts."""

    def __init__(self, storm: Storm, worker: Worker, broker: Broker, say: Callable[[str], None]) -> None:
        self.storm, self.worker, self.broker, self.say = storm, worker, broker, say
        self._chance = random.Random(storm.seed)
        self._open: list[Sent] = []

    def send(self, tasks: int) -> None:
        """Send so many tasks, never more at once than the worker can hold, and break something now and then."""
        first = tasks // 20
        kills = set(self._chance.sample(range(first, tasks), max(tasks // TASKS_PER_KILL, 1)))
        for number in range(tasks):
            if number == tasks // 2 and self.broker.restart is not None:
                self.wait(0)  # with tasks on their way, Celery now and then takes none any more after a restart
                self.broker.restart()
                self.storm.restarts += 1
            if number in kills:
                self.storm.kills += self._kill_a_child()
            if number % 50 == 0:
                self.wait(IN_FLIGHT)
            self._send_one()

    def wait(self, most: int) -> None:
        """Wait until no more than *most* tasks are open, or nothing has happened for too long."""
        before, since = len(self._open), time.monotonic()
        while True:
            self.worker.truth.refresh()
            self._open = [sent for sent in self._open if not self._is_over(sent)]
            if len(self._open) != before:
                before, since = len(self._open), time.monotonic()
            self.say(
                f"{len(self.storm.sent):,} tasks sent, {len(self._open):,} open, {self.storm.kills} children killed"
            )
            if len(self._open) <= most or time.monotonic() - since > STALLED_SECONDS:
                return
            time.sleep(0.05)

    def end(self) -> None:
        """Wait for what is still open, and keep what never will be over."""
        self.wait(0)
        self.storm.lost = self._open

    def _send_one(self) -> None:
        [(_, probe, arguments)] = self._chance.choices(MIX, [share for share, *_ in MIX])
        facts = {
            "tenant_id": f"tenant-{self._chance.randrange(40)}",
            "user_id": f"user-{self._chance.randrange(4_000)}",
        }
        word = nonce()
        task_id = self.worker.send(PREFIX + probe, kwargs={"probe": word, **arguments, **facts})
        self.storm.sent.append(Sent(task_id, word, PREFIX + probe, facts))
        self._open.append(self.storm.sent[-1])

    def _kill_a_child(self) -> int:
        children = sorted(psutil.Process(self.worker.process.pid).children(), key=lambda child: child.pid)
        if not children:
            return 0
        with suppress(psutil.NoSuchProcess):
            self._chance.choice(children).kill()
            return 1
        return 0

    def _is_over(self, sent: Sent) -> bool:
        task = self.worker.truth.task(sent.task_id)
        return bool(task.executions or task.failures) and self.worker.truth.ended(sent.task_id, self.worker.pool)


def rage(folder: Path, tasks: int, seed: int, say: Callable[[str], None]) -> Storm:
    """Run the reference worker through *tasks* tasks; everything that is chosen follows from *seed*."""
    began = time.monotonic()
    with _settings(folder), open_broker("embedded", folder) as opened:
        broker = _without_results(opened)
        subject = Subject("reference_worker.celery_app:app", folder)
        worker = Worker(subject, "prefork", Setup(slots=SLOTS), broker, folder, KEPT_BYTES)
        storm = Storm(folder, seed, worker)
        worker.start()
        try:
            raging = Rage(storm, worker, broker, say)
            raging.send(tasks)
            raging.end()
        finally:
            worker.stop()
    storm.seconds = time.monotonic() - began
    return storm


def _without_results(broker: Broker) -> Broker:
    """Return *broker* with results that go nowhere: one that is lost with the broker fails the task that has it."""
    nowhere = "cache+memory://"
    return replace(broker, result_url=nowhere, env={**broker.env, "CELERY_RESULT_BACKEND": nowhere})


def _settings(folder: Path) -> AbstractContextManager[Any]:
    """Let the worker write a log file that rotates often, and keeps every old one."""
    own = {
        "WORKER_LOG_FILE": str(folder / "logs" / "worker.log"),
        "WORKER_LOG_MAX_SIZE_MB": str(FILE_MEGABYTES),
        "WORKER_LOG_BACKUP_COUNT": "1000",
    }
    return patch.dict(os.environ, own)
