"""
The exercise: a service's own command sends tasks to the worker under test, and everything that ran is judged.

The command may be a script or a test suite. It runs in a shell, finds the
lab's broker in its environment, and is bounded, like the wait for what it
leaves behind. What happened is known from the oracle alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from logconform.lab.brokers import Broker, BrokerUnavailable
from logconform.lab.process import WorkerProcess
from logconform.lab.process_environment import worker_environment
from logconform.lab.truth import NotSeenError, Task, Truth
from logconform.lab.worker import Worker
from logconform.report.words import plural, printable
from logconform.secrets import redact_text

SECONDS = 600.0
"""How long the command may run, and its tasks with it, unless the command line says otherwise."""
SETTLE_SECONDS = 30.0
"""How long the tasks may take after the command has ended, where it has used up its time."""
QUIET_SECONDS = 0.5
"""How long nothing may be going on before a worker counts as done: a message may be on its way."""
ORPHAN_SECONDS = 5.0
"""How long the command may go on without its worker."""
SLOTS = 4
"""How many tasks the worker takes at once, where its pool can."""
OUTPUT_SHOWN = 20
"""Lines of the command's output that are shown."""
UNFINISHED_SHOWN = 5
NOTHING_RAN = (
    "nothing ran on the worker: the command is to send its tasks to the broker in $CELERY_BROKER_URL, to the queue in "
    "$LOGCONFORM_QUEUE, and not to call them in its own process (task_always_eager)"
)


@dataclass(frozen=True, slots=True)
class Exercise:
    """What to run, and for how long at most."""

    command: str
    seconds: float = SECONDS


@dataclass(slots=True)
class Account:
    """What came of an exercise in one environment."""

    exit_code: int | None = None
    """Of the command; None where it was stopped."""
    stopped: str | None = None
    """Why the command was stopped."""
    seconds: float = 0.0
    output: list[str] = field(default_factory=list)
    tasks: int = 0
    executions: int = 0
    judged: int = 0
    """Tasks that came to their end, at the shutdown at the latest."""
    unfinished: list[str] = field(default_factory=list)
    """Tasks that were not over when the wait for them was."""
    gone: str | None = None
    """Why the worker did not last."""
    left_out: str | None = None
    """Why the command was not run at all: a broker that need not be there is not."""

    @property
    def trouble(self) -> str | None:
        """What went wrong with the command itself, or with its tasks; None where nothing did."""
        parts = []
        if self.stopped:
            parts.append(f"the command was stopped: {self.stopped}")
        elif self.exit_code:
            parts.append(f"the command exited with {self.exit_code}")
        if self.gone:
            parts.append(self.gone)
        if self.unfinished:
            shown = "; ".join(self.unfinished[:UNFINISHED_SHOWN])
            more = len(self.unfinished) - UNFINISHED_SHOWN
            parts.append(f"not over in time: {shown}" + (f"; and {more} more" if more > 0 else ""))
        return "; ".join(parts) or None

    @property
    def untested(self) -> str | None:
        """Why nothing was tested; None where something was."""
        if not self.executions:
            return self.left_out or NOTHING_RAN
        return None if self.judged else "no task came to its end"

    @property
    def failed(self) -> bool:
        """Whether the command itself did not end well."""
        return self.exit_code != 0 and self.left_out is None

    def text(self) -> str:
        """Return the trouble with the end of the command's output, where the command is at fault."""
        lines = [f"exercise: {self.trouble}"]
        if self.failed:
            lines += [f"   | {printable(redact_text(line))}" for line in self.output] or ["   | (it wrote nothing)"]
        return "\n".join(lines)

    @property
    def much(self) -> str:
        """How much ran."""
        return f"{plural(self.tasks, 'task')} in {plural(self.executions, 'execution')}"


def perform(exercise: Exercise, worker: Worker, broker: Broker, folder: Path) -> Account:
    """
    Run the command against *worker*, and wait until every task that it brought about is over.

    Raises:
        BrokerUnavailable: If the broker can't be used from outside the lab.
    """
    if broker.way == "filesystem":
        raise BrokerUnavailable(
            "--exercise needs a broker that any program can use, and only Celery's filesystem transport is left: "
            f"{'; '.join(broker.passed_over) or 'LOGCONFORM_EMBEDDED says so'}\n"
            "   = fix: install redis-server, or name a broker by its address: --broker redis://host:6379/0"
        )
    started = time.monotonic()
    account = Account()
    _run_command(exercise, worker, broker, folder, account)
    account.seconds = time.monotonic() - started
    remaining = max(min(SETTLE_SECONDS, exercise.seconds), exercise.seconds - account.seconds)
    with suppress(NotSeenError):  # what is not over is named
        worker.truth.wait_for(_quiet(worker), remaining, "the end of every task")
    account.unfinished = [_described(worker.truth, each) for each in unfinished(worker)]
    account.gone = worker.gone()
    account.tasks = sum(bool(task.executions) for task in worker.truth.tasks.values())
    account.executions = sum(len(task.executions) for task in worker.truth.tasks.values())
    return account


def unfinished(worker: Worker) -> list[Task]:
    """Return the tasks that the worker took and that are not over."""
    truth = worker.truth
    return [task for task in truth.tasks.values() if not truth.ended(task.task_id, worker.pool)]


def _run_command(exercise: Exercise, worker: Worker, broker: Broker, folder: Path, account: Account) -> None:
    out, err = folder / "exercise.stdout", folder / "exercise.stderr"
    environment = worker_environment(worker.subject.cwd, broker.env, _told(worker, broker))
    process = WorkerProcess(["/bin/sh", "-c", exercise.command], environment, worker.subject.cwd, out, err)
    try:
        account.stopped = _wait(process, worker, exercise.seconds)
    finally:
        ending = process.stop() if process.alive else process.kill()
    account.exit_code = None if account.stopped else ending.exit_code
    account.output = list(_last_lines(out, err))


def _told(worker: Worker, broker: Broker) -> dict[str, str]:
    """Return what the command's environment says of the lab, beside Celery's own variables."""
    return {
        "LOGCONFORM_BROKER_URL": broker.url,
        "LOGCONFORM_RESULT_URL": broker.result_url,
        "LOGCONFORM_APP": worker.subject.app,
        "LOGCONFORM_QUEUE": worker.queue,
    }


def _wait(process: WorkerProcess, worker: Worker, seconds: float) -> str | None:
    """Wait for the command; return why it has to be stopped, None where it ended by itself."""
    deadline = time.monotonic() + seconds
    orphaned = None
    while not process.wait_exit(0.1):
        now = time.monotonic()
        if now >= deadline:
            return f"it ran for {seconds:g} s; give it longer with --exercise-timeout"
        if orphaned is None and worker.gone():
            orphaned = now
        if orphaned is not None and now >= orphaned + ORPHAN_SECONDS:
            return f"{worker.gone()} {ORPHAN_SECONDS:g} s before"
    return None


def _quiet(worker: Worker) -> Callable[[], bool]:
    """Return a condition that is met once nothing has been going on for a while, on the worker and in its queues."""
    since: float | None = None

    def met() -> bool:
        nonlocal since
        now = time.monotonic()
        if unfinished(worker):
            since = None
        elif since is None:
            since = now
        elif now - since >= QUIET_SECONDS:
            if not worker.waiting():
                return True
            since = None
        return False

    return met


def _described(truth: Truth, task: Task) -> str:
    if not task.executions:
        received = (event for event in truth.of_kind("received") if event["task_id"] == task.task_id)
        name, how = next((event["task"] for event in received), task.name), "received, and never started"
    else:
        name = task.name
        state = task.executions[-1].state
        how = "still running" if task.executions[-1].postrun is None else f"ended in {state}, and never ran again"
    return f"{name} {task.task_id} ({how})"


def _last_lines(*paths: Path) -> Iterator[str]:
    for path in paths:
        if path.exists():
            yield from path.read_bytes()[-8_000:].decode("utf-8", "replace").splitlines()[-OUTPUT_SHOWN:]
