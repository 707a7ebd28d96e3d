"""What an outcome may do to bring itself about: send, wait, revoke, signal, start another worker."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kombu.messaging import Producer

from tests.outcomes.observed import Event
from tests.outcomes.worker import ANSWER_SECONDS, Worker

BOUND_SECONDS = 40.0
"""No wait takes longer, whatever the machine does meanwhile."""
QUIET_SECONDS = 1.0
"""How long nothing more may come after a clear ending."""
PATIENCE_SECONDS = 4.0
"""The same where an ending is not clear: a lost process is reported after a second or two."""
REDELIVERY_SECONDS = 15.0
"""Where a killed worker's message comes back at all, it does after about four seconds here."""
POLL_SECONDS = 0.02
CLEAR_STATES = {"SUCCESS", "FAILURE", "IGNORED"}
ODD_STATES = {"None", "REJECTED"}
"""States after which the main process may have a word to say."""
TOLD = {"revoked", "unknown", "rejected"}
"""Signals that end a task which never ran."""


class NotSettled(Exception):
    """Nothing came of a task in time: the outcome could not be brought about."""


@dataclass
class Stage:
    """One outcome on one worker; on several, where it starts others."""

    start_another: Callable[[], Worker]
    workers: list[Worker]
    labels: dict[str, str] = field(default_factory=dict)
    """The tasks of this outcome, by their ids."""
    worker_end: str = ""
    """How the worker ended of it, if it did."""

    @property
    def worker(self) -> Worker:
        """The worker that runs now."""
        return self.workers[-1]

    def ids(self, *names: str) -> list[str]:
        """Return new ids of tasks, which are known by these names."""
        made = [str(uuid.uuid4()) for _ in names]
        self.labels.update(zip(made, names, strict=True))
        return made

    def send(self, task: str, *args: Any, label: str = "task", **options: Any) -> str:
        """Send a task, and return its id."""
        [task_id] = self.ids(label)
        self.worker.client.send_task(task, args, task_id=task_id, queue=self.worker.queue, **options)
        return task_id

    def signature(self, task: str, label: str) -> Any:
        """Return a task to be composed with others; it takes no result of theirs."""
        [task_id] = self.ids(label)
        options = {"task_id": task_id, "queue": self.worker.queue}
        return self.worker.client.signature(task, immutable=True, options=options)

    def send_raw(self, body: bytes, content_type: str = "application/json", **headers: Any) -> None:
        """Send a message as it is, whether or not a task can be read from it."""
        [task_id] = self.ids("task")
        with self.worker.client.connection_for_write() as connection:
            Producer(connection).publish(
                body,
                routing_key=self.worker.queue,
                exchange="",
                content_type=content_type,
                content_encoding="utf-8",
                headers={"id": task_id, **headers},
            )

    def wait_for(self, signal_name: str, task_id: str) -> None:
        """Wait until *signal_name* has fired for a task."""

        def fired() -> bool:
            return any(each["signal"] == signal_name and each.get("task_id") == task_id for each in self.events())

        self._wait(fired, f"{signal_name} of the task")

    def wait_redelivered(self) -> None:
        """Wait until the present worker gets a task, or for so long that it never will."""
        deadline = time.monotonic() + REDELIVERY_SECONDS
        while not self.events() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def wait_accepted(self, task_id: str) -> None:
        """Wait until a task runs, and the main process knows; where it can't be asked, until it runs."""
        self.wait_for("prerun", task_id)
        if self.worker.pool.startswith("prefork"):
            self._wait(lambda: self._knows_process_of(task_id), "the main process to know that the task runs")

    def revoke(self, task_id: str, **options: Any) -> None:
        """Revoke a task; *options* are those of `control.revoke`. Wait for the answer, if the worker can give one."""
        target = {"destination": [self.worker.hostname], **options}
        if self.worker.pool == "solo" and options.get("terminate"):  # the worker is busy with the task
            self.worker.client.control.revoke(task_id, **target)
        elif not self.worker.client.control.revoke(task_id, reply=True, timeout=ANSWER_SECONDS, limit=1, **target):
            raise NotSettled(f"waited {ANSWER_SECONDS:g} s for the worker to revoke a task")

    def signal_main(self, number: signal.Signals) -> None:
        """Send a signal to the worker's main process."""
        os.kill(self.worker.process.pid, number)

    def wait_end(self) -> None:
        """Wait until the worker has ended."""
        if not self.worker.process.wait_exit(BOUND_SECONDS):
            raise NotSettled(f"waited {BOUND_SECONDS:g} s for the worker's end")

    def kill_worker(self) -> None:
        """Kill the worker with all that it started."""
        self.worker.process.kill()

    def another_worker(self) -> None:
        """Start another worker on the same queue."""
        self.workers.append(self.start_another())

    def settle(self, *, quiet: float, patience: float) -> None:
        """
        Wait until nothing more has come of the tasks for *quiet* seconds; where one has no ending, for *patience*.

        Raises:
            NotSettled: When signals still come after the longest time.
        """
        deadline = time.monotonic() + BOUND_SECONDS
        seen, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            gone = not self.worker.process.alive
            events = self.events()
            if len(events) != seen:
                seen, since = len(events), time.monotonic()
            wanted = quiet_wanted(events, self.labels, quiet, patience)
            if gone or time.monotonic() - since >= wanted:
                break
            time.sleep(POLL_SECONDS)
        else:
            raise NotSettled(f"the tasks did not end within {BOUND_SECONDS:g} s")
        self.worker_end = self.worker.end if gone else ""

    def events(self) -> Sequence[Event]:
        """Return what the present worker told of this outcome's tasks."""
        return [each for each in self.worker.events() if each.get("task_id") in self.labels]

    def _knows_process_of(self, task_id: str) -> bool:
        control = self.worker.client.control.inspect(
            destination=[self.worker.hostname], timeout=ANSWER_SECONDS, limit=1
        )
        active = (control.active() or {}).get(self.worker.hostname, [])
        return any(each["id"] == task_id and each["worker_pid"] for each in active)

    def _wait(self, met: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + BOUND_SECONDS
        while not met():
            if time.monotonic() > deadline or not self.worker.process.alive:
                raise NotSettled(f"waited for {what}")
            time.sleep(POLL_SECONDS)


def quiet_wanted(events: Sequence[Event], labels: dict[str, str], quiet: float, patience: float) -> float:
    """Return for how long nothing more may come before the tasks are taken to be over: *quiet* if all ended clearly."""
    ended = {each["task_id"] for each in events if each["signal"] in TOLD or each.get("state") in CLEAR_STATES}
    if ended != set(labels):
        return patience
    odd = any(each.get("state") in ODD_STATES for each in events)
    begun, over = (sum(each["signal"] == name for each in events) for name in ("prerun", "postrun"))
    return PATIENCE_SECONDS if odd or begun != over else quiet
