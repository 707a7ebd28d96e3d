"""What really happened, read from the oracle's file as it grows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logconform.lab.pools import has_children

POLL_SECONDS = 0.004
IN_EXECUTION_ENDS = {"SUCCESS", "FAILURE", "IGNORED", "REJECTED"}


class NotSeenError(Exception):
    """A bounded wait ended without what it waited for."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the oracle: its kind, its place in the file, and its facts."""

    kind: str
    index: int
    facts: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a fact, or *default*."""
        return self.facts.get(name, default)


@dataclass(slots=True)
class Execution:
    """One run of a task's body, from prerun to postrun."""

    prerun: Event
    postrun: Event | None = None
    retry: Event | None = None

    @property
    def retries(self) -> int:
        """How many retries came before this execution."""
        return int(self.prerun["retries"])

    @property
    def state(self) -> str | None:
        """The state at postrun; None where there was none, or no postrun."""
        return None if self.postrun is None else self.postrun["state"]

    @property
    def returned(self) -> bool:
        """Whether the body returned something other than None."""
        return self.postrun is not None and bool(self.postrun["returned"])


@dataclass(slots=True)
class Task:
    """Everything that happened under one task id."""

    task_id: str
    executions: list[Execution] = field(default_factory=list)
    failures: list[Event] = field(default_factory=list)
    revocations: list[Event] = field(default_factory=list)
    spoken: list[Event] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The task's name, as far as it is known."""
        if self.executions:
            return str(self.executions[0].prerun["task"])
        known = [*self.failures, *self.revocations]
        return str(known[0].get("task")) if known else "unknown"

    @property
    def rejected(self) -> bool:
        """Whether its last execution ended in Reject."""
        return bool(self.executions) and self.executions[-1].state == "REJECTED"

    @property
    def real_failures(self) -> list[Event]:
        """Failure signals other than the one that follows a Reject."""
        return [event for event in self.failures if (event["error"] or {}).get("type") != "Reject"]

    @property
    def raised(self) -> list[Event]:
        """Failures told by the process that ran the body; the others the main process told."""
        ran = {execution.prerun["pid"] for execution in self.executions}
        return [event for event in self.real_failures if event["pid"] in ran]

    @property
    def unreached(self) -> str | None:
        """The error of a probe that never came to its first line; None where it did, or where that can't be told."""
        if self.spoken:
            return None
        outside = (event["error"] for event in self.failures if event.get("in_probe") is False)
        return next((f"{error['type']}: {error['text']}" for error in outside if error), None)

    @property
    def failed(self) -> bool:
        """Whether Celery reported a failure of it, at least once."""
        return bool(self.real_failures)


class Truth:
    """The oracle's file: read on demand, indexed by task."""

    def __init__(self, path: Path, alive: Callable[[], str | None] = lambda: None) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self._alive = alive
        self.events: list[Event] = []
        self.tasks: dict[str, Task] = {}

    def refresh(self) -> None:
        """Read what the oracle wrote since the last time."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                new = stream.read()
        except FileNotFoundError:
            return
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            try:
                self._take(json.loads(line))
            except ValueError:  # a process was killed while it wrote its line
                continue

    def wait_for(self, met: Callable[[], bool], seconds: float, what: str) -> None:
        """
        Wait until *met*.

        Raises:
            NotSeenError: When *seconds* have passed, or the worker is gone; says *what* was waited for.
        """
        deadline = time.monotonic() + seconds
        while True:
            gone = self._alive()  # asked before reading: what was written before the end is still read
            self.refresh()
            if met():
                return
            if gone is not None:
                raise NotSeenError(f"waited for {what}, but {gone}")
            if time.monotonic() > deadline:
                raise NotSeenError(f"waited {seconds:g} s for {what}")
            time.sleep(POLL_SECONDS)

    def of_kind(self, kind: str) -> Iterator[Event]:
        """Yield the events of one kind."""
        return (event for event in self.events if event.kind == kind)

    def task(self, task_id: str) -> Task:
        """Return what is known of a task; an empty one where nothing is."""
        return self.tasks.get(task_id) or Task(task_id)

    def ended(self, task_id: str, pool: str) -> bool:
        """Whether nothing more will come of a task."""
        task = self.task(task_id)
        if not task.executions:
            unknown = any(event["task_id"] == task_id for event in self.of_kind("unknown"))
            return unknown or bool(task.revocations or task.failures)
        last = task.executions[-1]
        if task.revocations or len(task.raised) < len(task.real_failures):
            return True  # the main process has the last word
        if last.postrun is None:
            return False
        if last.state in IN_EXECUTION_ENDS:
            return True
        # No state: the body left by SystemExit or was cut off. On prefork the main process reports it afterwards.
        return last.state is None and not has_children(pool)

    def _take(self, facts: dict[str, Any]) -> None:
        event = Event(facts.pop("kind"), len(self.events), facts)
        self.events.append(event)
        task_id = facts.get("task_id")
        if not isinstance(task_id, str):
            return
        task = self.tasks.setdefault(task_id, Task(task_id))
        _place(task, event)


def _place(task: Task, event: Event) -> None:
    if event.kind == "prerun":
        task.executions.append(Execution(event))
    elif event.kind == "postrun":
        _close(task, event)
    elif event.kind == "retry":
        for execution in task.executions:
            if execution.retries == event["retries"]:
                execution.retry = event
    elif event.kind == "failure":
        task.failures.append(event)
    elif event.kind == "revoked":
        task.revocations.append(event)
    elif event.kind == "spoke":
        task.spoken.append(event)


def _close(task: Task, event: Event) -> None:
    for execution in reversed(task.executions):
        if execution.postrun is None and execution.prerun["pid"] == event["pid"]:
            execution.postrun = event
            return
