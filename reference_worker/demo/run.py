"""The demo from its first process to its last line."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from celery import Celery
from celery.exceptions import TimeoutError as ResultTimeoutError
from celery.result import AsyncResult
from structlog.dev import ConsoleRenderer

from reference_worker.demo.servers import DemoError, mail_sink, private_redis, worker_process
from reference_worker.demo.steps import Step, steps
from reference_worker.demo.summary import deviations, read_records, summarize

LOG = Path("logs/worker_test.log")
TASKS_SECONDS = 60
SHOW_SECONDS = 5
RETRY_DELAY_SECONDS = 0.2


def run_demo() -> int:
    """Run every task on a real worker; return 0 only if every expected ending is on record."""
    signal.signal(signal.SIGTERM, _terminated)
    _remove_old_log()
    try:
        with tempfile.TemporaryDirectory(prefix="reference-worker-") as folder:
            sent = _run(Path(folder))
    except KeyboardInterrupt:
        print("Interrupted; everything that was started has been stopped.", file=sys.stderr)
        return 130
    except DemoError as fault:
        print(f"The demo cannot run: {fault}.", file=sys.stderr)
        return 2
    records = read_records(LOG)
    faults = deviations(records, sent)
    for sentence in faults:
        print(sentence, file=sys.stderr)
    print(summarize(records, sent, LOG))
    return 1 if faults else 0


def _run(folder: Path) -> dict[str, Step]:
    """Run the tasks; return them by their ids once worker, broker and mail server have stopped."""
    with ExitStack() as stack:
        redis = stack.enter_context(private_redis(folder))
        mail_port = stack.enter_context(mail_sink())
        shown = stack.enter_context(_shown())
        worker = stack.enter_context(worker_process(_settings(folder, redis, mail_port), "--concurrency", "2"))
        assert worker.stdout is not None
        shown(worker.stdout)
        return _send_all(redis, steps(mail_arrives=mail_port is not None))


def _settings(folder: Path, redis: str, mail_port: int | None) -> Mapping[str, str]:
    return {
        "WORKER_BROKER_URL": f"{redis}/0",
        "WORKER_RESULT_BACKEND": f"{redis}/1",
        "WORKER_DATABASE_URL": f"sqlite:///{folder / 'worker.db'}",
        "WORKER_SMTP_HOST": "127.0.0.1",
        "WORKER_SMTP_PORT": str(mail_port or 9),  # discard: nobody listens there
        "WORKER_RETRY_DELAY_SECONDS": str(RETRY_DELAY_SECONDS),
        "WORKER_LOG_FILE": str(LOG),
        "WORKER_LOG_ROTATION": "false",
        "WORKER_LOG_LEVEL": "info",
    }


def _send_all(redis: str, wanted: Iterable[Step]) -> dict[str, Step]:
    """Send the tasks and wait until each has ended, for `TASKS_SECONDS` in all."""
    client = Celery("reference_worker_demo", broker=f"{redis}/0", backend=f"{redis}/1")
    sent: list[tuple[AsyncResult, Step]] = []
    deadline = time.monotonic() + TASKS_SECONDS
    try:
        for step in wanted:
            sent.append((client.send_task(step.task, kwargs=dict(step.kwargs)), step))
        for result, step in sent:
            _wait_for(result, step, deadline)
        return {result.id: step for result, step in sent}
    finally:
        for result, _ in sent:
            result.backend = None  # it would unsubscribe when it is deleted, from a Redis that has gone by then
        client.close()


def _wait_for(result: AsyncResult, step: Step, deadline: float) -> None:
    try:
        result.get(timeout=max(deadline - time.monotonic(), 0.1), propagate=False)
    except ResultTimeoutError:
        print(f"{step.task} has not ended within {TASKS_SECONDS} s", file=sys.stderr)


@contextmanager
def _shown() -> Iterator[Callable[[IO[bytes]], None]]:
    """Yield what shows a stream as it comes; at the end, wait until it has been shown to its last byte."""
    threads: list[threading.Thread] = []

    def show(stream: IO[bytes]) -> None:
        threads.append(threading.Thread(target=_show, args=(stream,), daemon=True))
        threads[-1].start()

    yield show
    for thread in threads:
        thread.join(SHOW_SECONDS)


def _show(lines: Iterable[bytes]) -> None:
    """Copy the worker's records to standard output, in colour for somebody who watches."""
    render = ConsoleRenderer(pad_event_to=30) if sys.stdout.isatty() else None
    for line in lines:
        text = line.decode("utf-8", "backslashreplace").rstrip("\n")
        print(render(None, "info", json.loads(text)) if render else text, flush=True)


def _remove_old_log() -> None:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    for old in LOG.parent.glob(f"{LOG.name}*"):
        old.unlink()


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave by the way of Ctrl-C, which stops what was started."""
    raise KeyboardInterrupt
