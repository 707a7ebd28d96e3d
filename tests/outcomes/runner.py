"""Runs outcomes on pools: several workers at once, each lane with a private Redis of its own."""

from __future__ import annotations

import queue
import tempfile
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from logconform.lab.broker_names import EMBEDDED
from logconform.lab.brokers import Broker, BrokerUnavailable, open_broker
from tests.outcomes.observed import Cell, Run, observe
from tests.outcomes.outcome import Outcome
from tests.outcomes.stage import QUIET_SECONDS, NotSettled, Stage
from tests.outcomes.worker import Worker, WorkerFailed

SHARED_QUIET_SECONDS = 0.2
"""Where a worker goes on with the next outcome; what comes late still counts."""

Cells = dict[tuple[str, str], Cell]
"""By outcome and pool."""


@dataclass(frozen=True, slots=True)
class Job:
    """Outcomes that one worker goes through, on one pool."""

    pool: str
    outcomes: tuple[Outcome, ...]


def plan(outcomes: Iterable[Outcome], pools: Iterable[str]) -> list[Job]:
    """Return what there is to run: outcomes that harm nothing share a worker; the longest jobs come first."""
    chosen, targets = list(outcomes), list(pools)
    shared = tuple(each for each in chosen if not each.alone)
    together = [Job(pool, shared) for pool in targets if shared]
    return together + [Job(pool, (each,)) for each in chosen if each.alone for pool in targets]


def run(jobs: Sequence[Job], lanes: int, tell: Callable[[str], None]) -> Cells:
    """
    Run *jobs*, so many at once as there are *lanes*, and return what was seen.

    Raises:
        BrokerUnavailable: If there is no Redis.
        NotSettled: If an outcome could not be brought about.
        WorkerFailed: If a worker did not start.
    """
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    cells: Cells = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outcomes-")))
        brokers = [_redis(stack, folder) for _ in range(min(lanes, len(jobs)))]
        executor = stack.enter_context(ThreadPoolExecutor(max(1, len(brokers))))
        for lane in [executor.submit(_work_off, waiting, broker, folder, cells, tell) for broker in brokers]:
            lane.result()
    return cells


def _redis(stack: ExitStack, folder: Path) -> Broker:
    broker = stack.enter_context(open_broker(EMBEDDED, folder))
    if broker.way == "filesystem":
        raise BrokerUnavailable("outcomes need a Redis: the filesystem transport redelivers nothing")
    return broker


def _work_off(
    waiting: queue.SimpleQueue[Job], broker: Broker, folder: Path, cells: Cells, tell: Callable[[str], None]
) -> None:
    try:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            cells.update(_done_at_last(job, broker, folder, tell))
    except BaseException:
        while not waiting.empty():  # the other lanes finish what they do
            waiting.get_nowait()
        raise


def _done_at_last(job: Job, broker: Broker, folder: Path, tell: Callable[[str], None]) -> Cells:
    """Try once more where a busy machine was too slow: what was seen until then counts for nothing."""
    try:
        return _done(job, broker, folder, tell)
    except (NotSettled, WorkerFailed) as error:
        tell(f"{job.pool}: once more, because {error}")
        return _done(job, broker, folder, tell)


def _done(job: Job, broker: Broker, folder: Path, tell: Callable[[str], None]) -> Cells:
    """Go through a job's outcomes, with a new worker where the last one is gone, and return what was seen."""
    first = job.outcomes[0]
    own_queue = f"outcomes-{uuid.uuid4().hex[:8]}"
    workers: list[Worker] = []

    def start() -> Worker:
        worker = Worker(job.pool, broker, folder, own_queue, first.options, first.config)
        workers.append(worker)
        worker.start()
        return worker

    stages: dict[str, Stage] = {}
    try:
        current = start()
        for outcome in job.outcomes:
            if not current.process.alive:
                current = start()
            stages[outcome.name] = stage = Stage(start, [current])
            outcome.provoke(stage)
            quiet = QUIET_SECONDS if outcome is job.outcomes[-1] else SHARED_QUIET_SECONDS
            stage.settle(quiet=quiet, patience=outcome.patience)
            current = stage.worker
            tell(f"{job.pool}: {outcome.name}")
    finally:
        for worker in workers:
            worker.stop()
    return {(each.name, job.pool): _seen(each, stages[each.name]) for each in job.outcomes}


def _seen(outcome: Outcome, stage: Stage) -> Cell:
    runs = [Run(worker.pool, worker.events(), stage.labels) for worker in stage.workers]
    return observe(runs, lifecycle=outcome.lifecycle, worker=stage.worker_end)
