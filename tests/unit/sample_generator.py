"""
Samples that conform, made up: several processes run tasks that end in every way, and write in one of many styles.

A sample is a list of records in the order in which they come out. Everything follows from the seed.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

Members = dict[str, Any]
BEGINNING = datetime(2025, 9, 12, 20, 5, 3, 1184, tzinfo=UTC)


@dataclass(frozen=True)
class Style:
    """How one service writes its records; by default as the contract would have it in every point."""

    service: str = "worker"
    central: str = "services.worker.celery_app"
    body: str = "services.worker.tasks.email_tasks"
    compact: bool = False
    context: bool = True  # lifecycle records carry operation, tenant and user
    counts: bool = True  # starts of further executions say that they are
    durations: bool = True
    positional: bool = False  # identifiers are passed by position
    overrides: bool = True  # bodies open a block of context with an operation of their own
    chatter: str = "without task"  # Celery's own records: "none", "without task", "with task"
    extra: tuple[tuple[str, Any], ...] = ()

    @property
    def keeps_every_should(self) -> bool:
        return self.context and self.counts and self.durations


FULL = Style()
STYLES = (
    FULL,
    replace(
        FULL,
        service="billing",
        central="reference_worker.logging.lifecycle",
        body="billing.jobs",
        compact=True,
        chatter="with task",
    ),
    replace(
        FULL,
        service="mailer-2",
        central="mailer",
        body="mailer",
        overrides=False,
        extra=(("hostname", "celery@host-1.example.com"), ("pid", 4711)),
    ),
    Style(context=False, counts=False, durations=False, chatter="none"),
    Style(context=False, compact=True, positional=True, chatter="with task"),
    Style(counts=False, overrides=False, body="app", central="app.signals"),
    Style(durations=False, positional=True, extra=(("host", {"name": "w1", "zone": None}), ("région", "Zürich"))),
)


@dataclass(order=True)
class Job:
    """An execution that waits for a slot."""

    due: float
    number: int
    run: Callable[[float], float] = field(compare=False)


class Sample:
    """A service at work: *slots* executions at a time."""

    def __init__(self, seed: int, style: Style, slots: int, tasks: int = 0, plan: Sequence[str] = ()) -> None:
        """Send *tasks* tasks that end in any way, or as the *plan* says: names of methods of `Task`."""
        self.chance = random.Random(seed)
        self.style = style
        self.slots = slots
        self.written: list[tuple[float, int, Members]] = []
        self.waiting: list[Job] = []
        self.pace = self.chance.choice([0.002, 0.05, 0.4])
        self.opens = self.chance.random() < 0.5
        due = 0.5
        self.tasks: list[Task] = []
        for way in plan or [""] * tasks:
            self.tasks.append(Task(self))
            self.tasks[-1].send(due, way)
            due += self.chance.expovariate(1) * self.pace * self.chance.choice([0.5, 3, 12])
        self._run()
        self._speak_of_itself()

    @property
    def records(self) -> list[Members]:
        return [record for _, _, record in sorted(self.written, key=lambda each: each[:2])]

    def lines(self) -> list[bytes]:
        return [encoded(record, self.style) for record in self.records]

    def write(self, at: float, level: str, logger: str, event: str, **fields: Any) -> None:
        moment = BEGINNING + timedelta(microseconds=round(at * 1_000_000))
        base = {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": level,
            "service": self.style.service,
            "logger": logger,
            "event": event,
        }
        self.written.append((round(at, 6), len(self.written), {**base, **fields, **dict(self.style.extra)}))

    def queue(self, due: float, run: Callable[[float], float]) -> None:
        heapq.heappush(self.waiting, Job(due, len(self.written) + len(self.waiting), run))

    def gap(self) -> float:
        """Return how long a body is silent: mostly a little, now and then for long."""
        slow = self.chance.random() < 0.03
        return self.chance.lognormvariate(0, 0.8) * self.pace * (20 if slow else 1) + 0.00001

    def _run(self) -> None:
        free = [0.0] * self.slots
        while self.waiting:
            job = heapq.heappop(self.waiting)
            slot = min(range(self.slots), key=lambda each: free[each])
            free[slot] = job.run(max(job.due, free[slot]) + 0.0003)

    def _speak_of_itself(self) -> None:
        last = max((at for at, _, _ in self.written), default=1.0)
        if self.opens:
            self.write(0.1, "info", self.style.central, "Worker ready", concurrency=self.slots)
            self.write(last + 0.5, "info", self.style.central, "Worker shutting down")
        for _ in range(int(last) % 7):
            at = self.chance.uniform(0.2, last + 0.4)
            event = self.chance.choice(["missed heartbeat", "Connection to broker lost", "Queue inspected"])
            self.write(at, "warning", "celery.worker.consumer.gossip", event, broker="redis://redis:6379/0")


class Task:
    """One task, however often it is executed."""

    def __init__(self, sample: Sample, parent: Task | None = None) -> None:
        self.sample, self.style, self.chance = sample, sample.style, sample.chance
        self.id = "-".join(f"{self.chance.getrandbits(4 * width):0{width}x}" for width in (8, 4, 4, 4, 12))
        self.name = self.chance.choice(["send_email", "reports.build", "sync", "billing.close_month"])
        self.identifiers: Members = {}
        if parent is not None and self.chance.random() < 0.8:
            self.identifiers = dict(parent.identifiers)
        elif parent is None and self.chance.random() < 0.7:
            self.identifiers["tenant_id"] = self.chance.choice(["acme", "globex", "0", "tenant-789"])
            if self.chance.random() < 0.5:
                self.identifiers["user_id"] = f"user-{self.chance.randrange(9)}"
        self.trace: Members = {"correlation_id": f"req-{self.id[:6]}"}
        if parent is not None:
            self.trace = {"correlation_id": parent.trace["correlation_id"], "parent_task_id": parent.id}
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.limit = self.chance.choice([1, 2, 3])

    def send(self, due: float, planned: str = "") -> None:
        ways = [self.succeed] * 8 + [self.fail, self.handle, self.progress, self.resource, self.ignore, self.reject]
        ways += [self.retry_then_succeed, self.use_up_retries, self.retry_then_fail, self.requeue]
        ways += [self.revoke_running, self.be_killed, self.be_killed_and_redelivered, self.chain, self.nest]
        if planned == "revoke" or (not planned and self.chance.random() < 0.04):
            self.revoke(due)
        else:
            self.sample.queue(due, getattr(self, planned) if planned else self.chance.choice(ways))

    # What each record looks like.

    @property
    def context(self) -> Members:
        return {"task_id": self.id, "operation": f"task.{self.name}", **self.identifiers, **self.trace}

    def lifecycle(self, at: float, level: str, event: str, **fields: Any) -> None:
        context = self.context if self.style.context else {"task_id": self.id}
        self.sample.write(at, level, self.style.central, event, **context, **fields)

    def start(self, at: float, **fields: Any) -> float:
        if self.style.chatter == "with task":
            self.sample.write(
                at - 0.0002,
                "info",
                "celery.worker.strategy",
                "Task received",
                task_id=self.id,
                operation=f"task.{self.name}",
            )
        elif self.style.chatter == "without task":
            self.sample.write(
                at - 0.0002,
                "info",
                "celery.worker.strategy",
                "Task received",
                message=f"Task {self.name}[{self.id}] received",
            )
        keys = [] if self.style.positional else sorted(self.identifiers)
        known = {"task_name": self.name, "args_count": len(self.identifiers) - len(keys), "kwargs_keys": keys}
        marks = fields if self.style.counts else {}
        self.sample.write(at, "info", self.style.central, "Task starting", **self.context, **known, **marks)
        return at

    def work(self, at: float, steps: int | None = None) -> float:
        for step in range(self.chance.randrange(3) if steps is None else steps):
            at += self.sample.gap()
            self.say(at, self.chance.choice(["Working", "Message rendered", "Artifact stored"]), step=step)
        return at + self.sample.gap()

    def say(self, at: float, event: str, level: str = "info", **fields: Any) -> None:
        own = {"operation": "email.deliver"} if self.style.overrides else {}
        self.sample.write(at, level, self.style.body, event, **{**self.context, **own}, **fields)

    def complete(self, began: float, at: float) -> float:
        duration = {"duration_ms": round(1000 * (at - began), 3)} if self.style.durations else {}
        value = self.chance.random() < 0.5
        self.lifecycle(
            at, "info", "Task completed", task_name=self.name, state="SUCCESS", has_return_value=value, **duration
        )
        if self.style.chatter == "with task":
            self.sample.write(at + 0.0001, "info", "celery.app.trace", "Task succeeded", **self.context)
        return at + 0.0002

    def failed(self, at: float, error: str = "ConnectionError: refused", traced: bool = True) -> float:
        trace = {"exception": traceback_of(error)} if traced else {}
        self.lifecycle(at, "error", "Task failed", task_name=self.name, error=error, **trace)
        return at

    def retrying(self, at: float, count: int, countdown: float) -> float:
        counts = {"retry_count": count, "max_retries": self.limit, "countdown": countdown}
        self.lifecycle(
            at, "warning", "Task failed, retrying", task_name=self.name, error="ConnectionError: refused", **counts
        )
        return at

    # How an execution goes: each is given when it begins, and returns when its slot is free.

    def succeed(self, at: float) -> float:
        return self.complete(self.start(at), self.work(at))

    def fail(self, at: float) -> float:
        self.start(at)
        return self.failed(self.work(at), "app.errors.Refused: not today")

    def handle(self, at: float) -> float:
        self.start(at)
        error = at + self.sample.gap()
        refused = "ConnectionError: refused"
        self.say(error, "Sending failed, queued for later", "error", error=refused, exception=traceback_of(refused))
        return self.complete(at, self.work(error))

    def progress(self, at: float) -> float:
        self.start(at)
        self.say(at + 0.001, "Starting dataset processing", total_records=2500)
        for number, done in enumerate((1000, 2000, 2500), 1):
            self.say(at + number, "Processing progress", processed_records=done, total_records=2500)
        self.say(at + 3.001, "Dataset processed", total_processed=2500)
        return self.complete(at, at + 3.002)

    def resource(self, at: float) -> float:
        self.start(at)
        end = self.work(at)
        self.say(end, "Task completed", duration_ms=round(1000 * (end - at)), memory_used_mb=-3)
        return self.complete(at, end + 0.0005)

    def ignore(self, at: float, state: str = "IGNORED") -> float:
        self.start(at)
        end = self.work(at)
        self.lifecycle(end, "info", "Task ended", task_name=self.name, state=state)
        return end

    def reject(self, at: float) -> float:
        return self.ignore(at, "REJECTED")

    def requeue(self, at: float) -> float:
        end = self.ignore(at, "REJECTED")
        self.sample.queue(end + 2, lambda again: self.complete(self.start(again, redelivered=True), self.work(again)))
        return end

    def retry(self, at: float, count: int, then: Callable[[float], float]) -> float:
        """End an execution by a retry; on another process the next one may begin before this one has said so."""
        end = self.work(at)
        if self.chance.random() < 0.25 and self.sample.slots > 1:
            self.sample.queue(end, then)
            return self.retrying(end + 0.0007, count, 0)
        countdown = self.chance.choice([1.5, 60])
        self.sample.queue(end + countdown, then)
        return self.retrying(end, count, countdown)

    def retry_then_succeed(self, at: float, count: int = 0) -> float:
        self.start(at, **({"retry_count": count} if count else {}))
        if count < self.chance.randrange(1, self.limit + 1):
            return self.retry(at, count, lambda again: self.retry_then_succeed(again, count + 1))
        return self.complete(at, self.work(at))

    def retry_then_fail(self, at: float, count: int = 0) -> float:
        self.start(at, **({"retry_count": count} if count else {}))
        if count == 0:
            return self.retry(at, count, lambda again: self.retry_then_fail(again, count + 1))
        return self.failed(self.work(at), "ValueError: bad input")

    def use_up_retries(self, at: float, count: int = 0) -> float:
        self.start(at, **({"retry_count": count} if count else {}))
        if count < self.limit:
            return self.retry(at, count, lambda again: self.use_up_retries(again, count + 1))
        end, error = self.work(at), "ConnectionError: refused"
        told = {"retry_count": count, "error": error, "exception": traceback_of(error)}
        self.lifecycle(end, "error", "Task failed permanently after max retries", **told)
        return self.failed(end + 0.0004, error)

    def revoke(self, at: float, terminated: bool = False) -> None:
        expired = not terminated and self.chance.random() < 0.5
        self.lifecycle(at, "warning", "Task revoked", task_name=self.name, terminated=terminated, expired=expired)

    def revoke_running(self, at: float) -> float:
        self.start(at)
        end = self.work(at)
        self.revoke(end, terminated=True)
        return end + 0.01

    def be_killed(self, at: float) -> float:
        """Lose the child: the main process notices some time later."""
        self.start(at)
        end = self.work(at)
        error = self.chance.choice(
            ["WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL)", "TimeLimitExceeded: 9"]
        )
        self.failed(end + self.chance.choice([0.02, 1.0, 11.4]), error, traced=False)
        return end + 0.02

    def be_killed_and_redelivered(self, at: float) -> float:
        self.start(at)
        end = self.work(at)
        self.sample.queue(end + 12, lambda again: self.complete(self.start(again, redelivered=True), self.work(again)))
        return end

    def chain(self, at: float) -> float:
        """Send a child, which another process may begin before this task has completed."""
        self.start(at)
        end = self.work(at)
        if self.depth < 3:
            Task(self.sample, parent=self).send(end - 0.00001)
        return self.complete(at, end)

    def nest(self, at: float) -> float:
        """Run another task in-process."""
        self.start(at)
        inner = Task(self.sample, parent=self)
        end = inner.succeed(self.work(at)) + 0.001
        return self.complete(at, self.work(end, 1))


def traceback_of(error: str) -> str:
    """Return the text of a traceback that ends in *error*."""
    frames = "".join(
        f'  File "/srv/app/{name}.py", line 4, in {name}\n    {name}(message)\n' for name in ("send", "post")
    )
    return f"Traceback (most recent call last):\n{frames}{error}"


def encoded(record: Members, style: Style = FULL) -> bytes:
    """Return a record as the line that a service of that style writes."""
    separators = (",", ":") if style.compact else None
    return json.dumps(record, separators=separators, ensure_ascii=not style.compact).encode() + b"\n"
