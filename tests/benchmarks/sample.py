"""
A worker's log of any length, made up: it conforms, unless a fault is to be planted. Everything follows from the seed.

    python -m tests.benchmarks.sample --records 1000000 --seed 7 --output FILE

32 slots run tasks for 60 tenants and 20,000 users, and write some 2,000 records
a second of 400 bytes on average. Memory follows the tasks that wait for a
retry, not the number of records.
"""

from __future__ import annotations

import heapq
import random
import sys
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import IO, NamedTuple

import click

from tests.benchmarks.sample_tasks import MOST_RECORDS, Execution, Task
from tests.benchmarks.sample_text import KINDS
from tests.benchmarks.sample_ways import WAYS, handle_error, succeed

SLOTS = 32
TENANTS = 60
USERS = 20_000
FAULTS = ("leak", "lost", "repeated-key", "every-record")

_BEGINNING = int(datetime(2025, 9, 12, 20, 5, 3, tzinfo=UTC).timestamp()) * 1_000_000
_CENTRE = "reference_worker.logging.instrument"
_NODE = ',"hostname":"celery@worker-1"'
_CLOSING = 8  # records from the last task's to the end
_BATCH = 2_000
_FROM = {"leak": 0.25, "lost": 0.4, "repeated-key": 0.55}
_CHANCES = list(accumulate(chance for chance, _, _ in WAYS))
_LAGS = [17 * slot % 61 for slot in range(SLOTS)]  # microseconds from a record's timestamp to its place in the stream


class Job(NamedTuple):
    """A task that is to be executed; `most`: so many records it may still lead to."""

    due: int
    number: int
    task: Task
    most: int


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault, the requirement it violates, and its line, counted from 1."""

    fault: str
    requirement: str
    line: int


class Worker:
    """A worker that writes *records* records, or as many as *tasks* tasks lead to."""

    def __init__(self, seed: int, records: int, tasks: int = 0, faults: tuple[str, ...] = ()) -> None:
        self.random = random.Random(seed)
        self.planted: list[Planted] = []
        self._records, self._tasks = records, tasks
        self._sent = self._written = self._promised = self._lines = 0
        self._separator = " " if "every-record" in faults else "T"
        self._faults = {fault: _FROM[fault] for fault in faults if fault in _FROM}
        self._marks: dict[int, tuple[str, str]] = {}
        self._waiting: list[Job] = []
        self._unwritten: list[tuple[int, int, str]] = []
        self._second, self._stamp = -1, ""
        self._tenants = [f"tenant-{number:03d}" for number in range(TENANTS)]
        self._recent = ("", "")

    def lines(self) -> Iterator[str]:
        """Yield the lines in their order."""
        yield from self._before(self._open())
        free = [(_BEGINNING + 1_500_000 + 700 * slot, slot) for slot in range(SLOTS)]
        last = free[0][0]
        while True:
            at, slot = heapq.heappop(free)
            yield from self._before(at)
            job = self._next(at)
            if job is None:
                break
            end = Execution(self, job.task, max(at, job.due), _LAGS[slot]).run()
            last = max(last, end)
            heapq.heappush(free, (end + 500 + int(self.random.random() * 6_000), slot))
        self._close(last)
        yield from self._before(None)

    # What executions ask of it.

    def write(self, at: int, lag: int, level: str, logger: str, event: str, rest: str = "") -> int:
        """Write a record and return its number."""
        second, micro = divmod(at, 1_000_000)
        if second != self._second:
            self._second = second
            self._stamp = datetime.fromtimestamp(second, UTC).strftime(f"%Y-%m-%d{self._separator}%H:%M:%S")
        self._written += 1
        line = (
            f'{{"timestamp":"{self._stamp}.{micro:06d}Z","level":"{level}","service":"worker","logger":"{logger}",'
            f'"event":"{event}"{rest}}}\n'
        )
        heapq.heappush(self._unwritten, (at + lag, self._written, line))
        return self._written

    def send(self, due: int, task: Task, most: int) -> None:
        """Have a task executed once it is due; *most* counts the records that it may lead to."""
        self._promised += most
        heapq.heappush(self._waiting, Job(due, self._written, task, most))

    def send_child(self, parent: Task, at: int) -> None:
        """Send a task from a task, if there is room for its records."""
        if self._takes_more():
            self._sent += 1
            self.send(at + 1_000 + int(self.random.random() * 400_000), self._task(parent), MOST_RECORDS)

    def due(self, fault: str) -> bool:
        """Whether a fault is to be planted now."""
        if fault not in self._faults:
            return False
        done = self._sent / self._tasks if self._tasks else self._written / self._records
        return done >= self._faults[fault]

    def plant(self, fault: str, requirement: str, number: int) -> None:
        """Note that a fault was planted in the record of that number."""
        del self._faults[fault]
        self._marks[number] = (fault, requirement)

    def other_tenant(self, tenant: str) -> str:
        """Return a tenant that tasks were started for, other than *tenant*; empty if there is none."""
        return self._recent[self._recent[0] == tenant]

    # Tasks.

    def _next(self, at: int) -> Job | None:
        if self._waiting and (self._waiting[0].due <= at or not self._takes_more()):
            job = heapq.heappop(self._waiting)
            self._promised -= job.most
            return job
        if not self._takes_more():
            return None
        self._sent += 1
        return Job(at, 0, self._task(), 0)

    def _takes_more(self) -> bool:
        return self._sent < self._tasks if self._tasks else self._room() >= 4 * MOST_RECORDS

    def _room(self) -> int:
        return 1_000_000_000 if self._tasks else self._records - self._written - self._promised - _CLOSING

    def _task(self, parent: Task | None = None) -> Task:
        chance = self.random.random
        _, way, kind = WAYS[min(bisect(_CHANCES, chance()), len(WAYS) - 1)]
        if parent is not None or self.due("lost"):
            way, kind = handle_error if self.due("lost") else succeed, None
        kind = kind or KINDS[int(chance() ** 1.4 * len(KINDS))]
        digits = f"{self.random.getrandbits(128):032x}"
        task_id = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
        tenant = user = ""
        if "tenant_id" in kind.keys:
            tenant = self._tenants[int(chance() ** 2 * TENANTS)] if chance() < 0.9 else ""
        if parent is not None and tenant:
            tenant = parent.tenant or tenant
        if tenant and "user_id" in kind.keys:
            user = f',"user_id":"user-{int(chance() * USERS)}"'
        correlation = parent.correlation if parent else task_id if chance() < 0.5 else f"req-{digits[:12]}"
        sender = f',"parent_task_id":"{parent.id}"' if parent else ""
        if tenant and tenant != self._recent[0]:
            self._recent = (tenant, self._recent[0])
        named = f',"tenant_id":"{tenant}"{user}' if tenant else ""
        context = (f',"task_id":"{task_id}",', f'{named},"correlation_id":"{correlation}"{sender}')
        return Task(kind, task_id, tenant, correlation, context, way)

    # The worker's own records.

    def _open(self) -> int:
        at = _BEGINNING
        self.write(at, 0, "info", _CENTRE, "Worker starting", _NODE)
        told = ',"message":"Connected to redis://***@redis.internal:6379/0"'
        self.write(at + 90_000, 0, "info", "celery.worker.consumer.connection", "Connected to %s", told)
        self.write(at + 95_000, 0, "info", "celery.worker.consumer.mingle", "mingle: searching for neighbors")
        self.write(at + 1_120_000, 0, "info", "celery.worker.consumer.mingle", "mingle: all alone")
        self.write(at + 1_140_000, 0, "info", _CENTRE, "Worker ready", f'{_NODE},"concurrency":{SLOTS}')
        self.write(at + 1_140_300, 0, "info", "celery.apps.worker", "%s ready.", ',"message":"celery@worker-1 ready."')
        return at + 1_150_000

    def _close(self, last: int) -> None:
        """Idle for more than a minute, and for as long as records are missing; then stop."""
        for number in range(5 if self._tasks else self._records - self._written - 3):
            told = f',"message":"missed heartbeat from celery@worker-{2 + number % 5}"'
            last += 15_000_000
            self.write(last, 0, "info", "celery.worker.consumer.gossip", "missed heartbeat from %s", told)
        self.write(last + 100_000, 0, "info", _CENTRE, "Worker stopping", f'{_NODE},"signal":"SIGTERM","how":"Warm"')
        told = ',"message":"worker: Warm shutdown (MainProcess)"'
        self.write(last + 101_000, 0, "info", "stdout", "Line on standard output", told)
        self.write(last + 900_000, 0, "info", _CENTRE, "Worker stopped", _NODE)

    def _before(self, at: int | None) -> Iterator[str]:
        """Yield the lines that nothing later can precede."""
        unwritten = self._unwritten
        while unwritten and (at is None or unwritten[0][0] < at):
            _, number, line = heapq.heappop(unwritten)
            self._lines += 1
            if number in self._marks:
                self.planted.append(Planted(*self._marks[number], self._lines))
            yield line


def write_sample(
    stream: IO[bytes], seed: int, records: int, tasks: int = 0, faults: tuple[str, ...] = ()
) -> list[Planted]:
    """
    Write a sample of exactly *records* records, or of *tasks* tasks, and return the faults that were planted in it.

    `leak`: a completion carries another task's tenant. `lost`: an error is the
    last word of a task that did not say how it ended. `repeated-key`: a record
    repeats a member. `every-record`: all timestamps have a space for the `T`.
    """
    worker = Worker(seed, records, tasks, faults)
    batch: list[str] = []
    for line in worker.lines():
        batch.append(line)
        if len(batch) == _BATCH:
            stream.write("".join(batch).encode())
            batch.clear()
    stream.write("".join(batch).encode())
    return worker.planted


@click.command(help="Write a generated sample, seeded, to a file or standard output.")
@click.option("--records", type=click.IntRange(min=200), default=1_000_000, show_default=True)
@click.option("--tasks", type=click.IntRange(min=0), default=0, help="So many tasks, instead of so many records.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--fault", "faults", multiple=True, type=click.Choice(FAULTS), help="Plant a fault. Repeatable.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("-"), help="Default: stdout.")
def main(records: int, tasks: int, seed: int, faults: tuple[str, ...], output: Path) -> None:
    """Write the sample, and say on standard error where faults were planted."""
    with click.open_file(str(output), "wb") as stream:
        planted = write_sample(stream, seed, records, tasks, faults)
    for each in planted:
        click.echo(f"{each.fault}: {each.requirement} at line {each.line}", err=True)
    missing = {fault for fault in faults if fault in _FROM} - {each.fault for each in planted}
    if missing:
        sys.exit(f"Too short a sample to plant: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
