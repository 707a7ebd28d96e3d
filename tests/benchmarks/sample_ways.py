"""The ways of a task in a generated sample: how each of its executions goes, and how often tasks go which way."""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.benchmarks.sample_tasks import MAX_RETRIES, MILLISECOND, MOST_RECORDS, Execution
from tests.benchmarks.sample_text import Kind

_DATASET = Kind(
    "process_large_dataset", "app.tasks.data", "data.process_dataset", ("dataset_id", "tenant_id"), (), "", ""
)
_HEAVY = Kind("resource_intensive_task", "app.tasks.data", "data.intensive_processing", ("data",), (), "", "")


def succeed(execution: Execution) -> None:
    """Most do; one in eight sends another task."""
    execution.start()
    execution.work()
    if execution.random() < 0.125:
        execution.worker.send_child(execution.task, execution.at)
    execution.complete(execution.random() < 0.7)


def handle_error(execution: Execution) -> None:
    """Handle an error, tell of it, and go on; or, where that is to be planted, be lost there."""
    execution.start()
    execution.work()
    number = execution.say("Attempt failed, using the fallback", execution.fault, "error")
    if execution.worker.due("lost"):
        execution.worker.plant("lost", "FAIL001", number)
        return
    execution.work()
    execution.complete()


def progress(execution: Execution) -> None:
    """Report the first item, the last, and at most one a second between."""
    total = 200 + int(execution.random() * 2_300)
    takes = 100 * MILLISECOND + int(execution.random() ** 2 * 2_800) * MILLISECOND
    execution.start()
    execution.say("Starting dataset processing", f',"dataset_id":"dataset-{total}","total_records":{total}')
    seconds = takes / 1_000_000
    moments = [0.0, *range(1, math.ceil(seconds)), seconds]
    began = execution.at
    for moment in moments:
        execution.at = began + int(moment * 1_000_000)
        done = max(1, int(total * moment / seconds))
        fields = f',"dataset_id":"dataset-{total}","processed_records":{done},"total_records":{total}'
        execution.say("Processing progress", fields)
    execution.say("Dataset processing completed", f',"dataset_id":"dataset-{total}","total_processed":{total}')
    execution.complete()


def use_resources(execution: Execution) -> None:
    """Report time and memory under the guide's event."""
    execution.start()
    execution.say("Starting resource-intensive task", f',"data_size":{1 + int(execution.random() * 40)}')
    began = execution.at
    execution.pause()
    execution.pause()
    took, used = (execution.at - began) // MILLISECOND, int(execution.random() * 60) - 9
    execution.say("Task completed", f',"duration_ms":{took},"memory_used_mb":{used}')
    execution.complete()


def fail(execution: Execution) -> None:
    """Fail without a retry."""
    execution.start()
    execution.work()
    execution.fail()


def retry_once(execution: Execution) -> None:
    """Be retried, mostly once, and succeed."""
    execution.start()
    execution.work()
    again = execution.task.retries == 0 or (execution.task.retries == 1 and execution.random() < 0.3)
    execution.retry() if again else execution.complete()


def retry_in_vain(execution: Execution) -> None:
    """Use up all retries."""
    execution.start()
    execution.work()
    execution.retry() if execution.task.retries < MAX_RETRIES else execution.fail()


def retry_and_fail(execution: Execution) -> None:
    """Be retried, and fail of something else."""
    execution.start()
    execution.work()
    execution.retry() if execution.task.retries == 0 else execution.fail()


def be_ignored(execution: Execution) -> None:
    """Raise Ignore."""
    execution.start()
    execution.work()
    execution.end("IGNORED")


def be_rejected(execution: Execution) -> None:
    """Raise Reject, for good."""
    execution.start()
    execution.work()
    execution.end("REJECTED")


def be_requeued(execution: Execution) -> None:
    """Raise Reject once, and be delivered again."""
    execution.start()
    execution.work()
    if execution.task.redelivered:
        execution.complete()
        return
    execution.end("REJECTED")
    execution.task.redelivered = True
    execution.worker.send(execution.at + 2_000_000, execution.task, MOST_RECORDS)


def be_revoked(execution: Execution) -> None:
    """Never run: revoked, or expired before a slot was free."""
    expired = "true" if execution.random() < 0.6 else "false"
    kind, told = execution.task.kind.name, "Discarding revoked task: %s[%s]"
    message = f',"message":"Discarding revoked task: {kind}[{execution.task.id}]"'
    execution.main_process("info", "celery.worker.request", told, message)
    execution.lifecycle("warning", "Task revoked", f',"terminated":false,"expired":{expired}')


def be_terminated(execution: Execution) -> None:
    """Be revoked while it runs."""
    execution.start()
    execution.work()
    execution.at += 3_000
    execution.lifecycle("warning", "Task revoked", ',"terminated":true,"expired":false')


def be_killed(execution: Execution) -> None:
    """Lose the child, or run out of time: the main process reports it, and has no traceback."""
    execution.start()
    execution.work()
    execution.at += 40_000
    lost = execution.random() < 0.5
    error = "WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL)." if lost else "TimeLimitExceeded: 300"
    execution.lifecycle("error", "Task failed", f',"error":"{error}"')


WAYS: tuple[tuple[float, Callable[[Execution], None], Kind | None], ...] = (
    (0.790, succeed, None),
    (0.020, handle_error, None),
    (0.025, progress, _DATASET),
    (0.035, use_resources, _HEAVY),
    (0.055, fail, None),
    (0.025, retry_once, None),
    (0.006, retry_in_vain, None),
    (0.004, retry_and_fail, None),
    (0.009, be_ignored, None),
    (0.006, be_rejected, None),
    (0.003, be_requeued, None),
    (0.012, be_revoked, None),
    (0.004, be_terminated, None),
    (0.006, be_killed, None),
)
"""How often tasks go which way, and of which kind they are then; without one, of any."""
