"""The tasks of a generated sample, and what one execution of them writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.sample_text import Kind, Step

if TYPE_CHECKING:
    from tests.benchmarks.sample import Worker

LIFECYCLE = "reference_worker.logging.lifecycle"
MAX_RETRIES = 3
COUNTDOWN_SECONDS = 10
MOST_RECORDS = 14
"""No execution writes more."""

MILLISECOND = 1_000  # times are in microseconds


@dataclass(slots=True)
class Task:
    """One task, however often it is executed. `context` is JSON text: what each of its records carries."""

    kind: Kind
    id: str
    tenant: str
    correlation: str
    context: tuple[str, str]
    way: Callable[[Execution], None]
    retries: int = 0
    redelivered: bool = False

    def carrying(self, operation: str) -> str:
        """Return the context with an operation."""
        return f'{self.context[0]}"operation":"{operation}"{self.context[1]}'


class Execution:
    """One run of a task's body. `at` is the time on its process's clock, in microseconds since the epoch."""

    def __init__(self, worker: Worker, task: Task, at: int, lag: int) -> None:
        self.worker, self.task, self.at, self.lag = worker, task, at, lag
        self.random = worker.random.random
        self.began = at
        self.whole = task.carrying(f"task.{task.kind.name}")

    def run(self) -> int:
        """Write its records and return when its slot is free."""
        self.main_process("info", "celery.worker.strategy", "Task received", self._named("received"))
        self.at += 200 + int(self.random() * 600)
        self.task.way(self)
        return self.at

    # Records.

    def write(self, level: str, logger: str, event: str, rest: str) -> int:
        """Write a record of this process and return its number."""
        self.at += 120 + int(self.random() * 200)
        return self.worker.write(self.at, self.lag, level, logger, event, rest)

    def main_process(self, level: str, logger: str, event: str, rest: str) -> None:
        self.worker.write(self.at, 0, level, logger, event, rest)

    def lifecycle(self, level: str, event: str, fields: str, whole: str = "") -> int:
        rest = f'{whole or self.whole},"task_name":"{self.task.kind.name}"{fields}'
        return self.write(level, LIFECYCLE, event, rest)

    def start(self) -> None:
        task = self.task
        names = [name for name in task.kind.keys if task.tenant or name not in ("tenant_id", "user_id")]
        keys = ",".join(f'"{name}"' for name in names)
        again = f',"retry_count":{task.retries}' if task.retries else ""
        again += ',"redelivered":true' if task.redelivered else ""
        self.lifecycle("info", "Task starting", f',"args_count":0,"kwargs_keys":[{keys}]{again}')
        self.began = self.at

    def say(self, event: str, fields: str, level: str = "info") -> int:
        kind = self.task.kind
        return self.write(level, kind.logger, event, self.task.carrying(kind.operation) + fields)

    def step(self, step: Step) -> int:
        values = []
        for choice in step.values:
            limit = choice if isinstance(choice, int) else len(choice)
            number = int(self.random() * limit)
            values.append(number if isinstance(choice, int) else choice[number])
        kind = self.task.kind
        fields = step.fields % tuple(values)
        return self.write(
            step.level, step.logger or kind.logger, step.event, self.task.carrying(kind.operation) + fields
        )

    def work(self) -> None:
        """Write up to eight records of the body, mostly the usual ones."""
        steps = self.task.kind.steps
        count = int(self.random() ** 2 * 9)
        for number in sorted(int(self.random() ** 1.5 * len(steps)) for _ in range(count)):
            self.pause()
            self.step(steps[number])
            if self.worker.due("repeated-key"):
                self.worker.plant("repeated-key", "FMT002", self.say("Checkpoint", ',"batch":1,"batch":2'))
        self.pause()

    def pause(self) -> None:
        """Let time pass: mostly a little, now and then more."""
        self.at += 300 + int(self.random() ** 3 * 82 * MILLISECOND)

    def celery_says(self, doing: str) -> None:
        self.write("info", "celery.app.trace", f"Task {doing}", self.whole + self._named(doing))

    def _named(self, doing: str) -> str:
        return f',"message":"Task {self.task.kind.name}[{self.task.id}] {doing}"'

    # Endings.

    def complete(self, value: bool = True) -> None:
        self.at += 400
        leaked = self.worker.due("leak") and self.task.tenant and self.worker.other_tenant(self.task.tenant)
        whole = self.whole.replace(f'"{self.task.tenant}"', f'"{leaked}"') if leaked else self.whole
        has = "true" if value else "false"
        number = self.lifecycle(
            "info", "Task completed", f',"state":"SUCCESS","has_return_value":{has}{self.duration}', whole
        )
        if leaked:
            self.worker.plant("leak", "CTX005", number)
        self.celery_says("succeeded")

    @property
    def duration(self) -> str:
        return f',"duration_ms":{(self.at + 220 - self.began) / MILLISECOND}'

    @property
    def fault(self) -> str:
        short = self.task.kind.error
        return f',"error":"{short}","exception":{self.task.kind.traceback}'

    def fail(self) -> None:
        if self.task.retries == MAX_RETRIES:
            event = "Task failed permanently after max retries"
            self.lifecycle("error", event, f'{self.fault},"retry_count":{self.task.retries}')
        self.lifecycle("error", "Task failed", self.fault + self.duration)
        self.celery_says("raised unexpected")

    def retry(self) -> None:
        """End by a retry: the same task is due again, and ends in the same way unless that has to do with retries."""
        task = self.task
        seconds = COUNTDOWN_SECONDS * 2**task.retries
        counts = f',"retry_count":{task.retries},"max_retries":{MAX_RETRIES},"countdown":{seconds}'
        self.lifecycle("warning", "Task failed, retrying", f',"error":"{task.kind.error}"{counts}')
        self.celery_says("retry")
        task.retries += 1
        left = (MAX_RETRIES + 1 - task.retries) * MOST_RECORDS
        self.worker.send(self.at + seconds * 1_000_000, task, left)

    def end(self, state: str) -> None:
        self.lifecycle("info", "Task ended", f',"state":"{state}"{self.duration}')
        self.celery_says(state.lower())
