"""The lab on any app: started by its own command, exercised by its own script, repeated, and kept where it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from logconform.lab import worker as worker_module
from logconform.lab.brokers import Broker
from logconform.lab.selection import short_id
from logconform.lab.subject import Setup, Subject, SubjectError
from logconform.lab.worker import Worker

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
SHOP = """
import time

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

app = Celery("shop")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("shop")
worker.instrument()


@app.task(name="shop.order")
def order(number, tenant_id=None):
    if number == 13:
        raise ValueError("unlucky")
    return number


@app.task(name="shop.pay", bind=True, max_retries=2)
def pay(self, tenant_id=None):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    order.delay(5, tenant_id=tenant_id)


@app.task(name="shop.hang")
def hang():
    time.sleep(60)
"""
TWICE = (
    'app = Celery("shop")\n',
    """
class Twice(StdlibWorker):
    def say_completed(self, execution, retval):
        super().say_completed(execution, retval)
        if not execution.retries:
            super().say_completed(execution, retval)


app = Celery("shop")
""",
)
"""What to put in place of what, for a service with a fault."""
SEND = """
from shop import order, pay

for number in (1, 13, 4):
    order.delay(number, tenant_id="acme")
pay.apply_async(kwargs={"tenant_id": "acme"})
"""
LAUNCHER = """
import sys

from shop import app

app.worker_main(["worker", *sys.argv[sys.argv.index("--") + 1 :]])
"""


@dataclass(frozen=True)
class Outcome:
    code: int
    output: str
    report: dict[str, Any] | None

    def violated(self) -> list[str]:
        assert self.report is not None, self.output
        return [each["id"] for each in self.report["requirements"] if each["status"] == "violated"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Path]:
    """A folder with a small service; nothing of it may run afterwards, and nothing of the lab's be left."""
    home = tmp_path / "service"
    home.mkdir()
    (home / "shop.py").write_text(SHOP, "utf-8")
    (home / "send.py").write_text(SEND, "utf-8")
    (home / "launcher.py").write_text(LAUNCHER, "utf-8")
    (tmp_path / "tmp").mkdir()
    yield home
    alive = [each for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(home)]
    assert alive == []
    assert [*(tmp_path / "tmp").glob("logconform-*")] == []


def run(home: Path, *arguments: str, app: str | None = "shop:app") -> Outcome:
    report = home / "report.json"
    command = [sys.executable, "-m", "logconform", "run", *(["--app", app] if app else []), "--report", str(report)]
    finished = subprocess.run(
        [*command, *arguments],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(home.parent / "tmp")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    output = finished.stdout + finished.stderr
    assert "Traceback (most recent call last)" not in output.split("   | ")[0], output
    return Outcome(finished.returncode, output, json.loads(report.read_text("utf-8")) if report.exists() else None)


def configure(home: Path, worker_command: list[str]) -> None:
    (home / "logconform.toml").write_text(f'app = "shop:app"\nworker_command = {json.dumps(worker_command)}\n', "utf-8")


def script(home: Path, text: str) -> None:
    (home / "start.sh").write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    (home / "start.sh").chmod(0o755)


# worker_command

WRAPPERS = {
    "a script that hands its arguments on, and waits": (["./start.sh"], 'celery -q --app shop worker "$@"\nexit $?'),
    "a module that calls worker_main": (["python", "-m", "launcher", "--", "{options}"], ""),
}
START_AND_SHUTDOWN = short_id("LIFE001", "A worker starts, runs a task for a tenant, and is stopped")


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_worker_starts_as_the_service_starts_it(name: str, service: Path) -> None:
    """It gets the lab's options, and SIGTERM: a wrapper that stays in between loses neither."""
    command, text = WRAPPERS[name]
    script(service, text)
    configure(service, command)
    outcome = run(service, "--only", START_AND_SHUTDOWN, app=None)
    assert (outcome.code, outcome.violated()) == (0, []), outcome.output
    assert outcome.report is not None
    [scenario] = outcome.report["scenarios"]
    assert (scenario["short_id"], scenario["outcome"]) == (START_AND_SHUTDOWN, "passed")


ELSEWHERE = "for name in ('', 'READ_', 'WRITE_'):\n    os.environ[f'CELERY_BROKER_{name}URL'] = 'memory://'\n"
SHELL = ["sh", "-c"]
COMMANDS = {
    "is not there": (["./nowhere.sh"], "'./nowhere.sh' can't be run: No such file or directory"),
    "ends at once": (
        [*SHELL, "echo no settings >&2; exit 4"],
        "waited for a Celery worker to be ready, with logconform.lab.oracle loaded by its --include, but the worker "
        "ended with exit code 4\n   | no settings\n   = fix: hand on what is appended to the command",
    ),
    "starts something else": (
        [*SHELL, "sleep 600"],
        "waited 1 s for a Celery worker to be ready, with logconform.lab.oracle loaded by its --include\n   | (it",
    ),
    "starts a worker on another broker": (
        ["python", "-m", "launcher", "--", "{options}"],
        "listens to the broker memory://, and not to the lab's, redis://127.0.0.1:1: no task would reach it\n",
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_starts_no_worker_for_the_lab_is_told(
    name: str, service: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded; the message names the place in the configuration, what was waited for, and the remedy."""
    monkeypatch.setattr(worker_module, "READY_SECONDS", 1.0 if name == "starts something else" else PATIENCE)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (service / "shop.py").write_text(f"import os\n{ELSEWHERE}{SHOP}", "utf-8")
    command, message = COMMANDS[name]
    subject = Subject("shop:app", service, None, tuple(command), "logconform.toml:2: worker_command")
    broker = Broker("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/1", "redis://127.0.0.1:1")
    with pytest.raises(SubjectError) as caught:
        Worker(subject, "solo", Setup(), broker, tmp_path).start()
    assert str(caught.value).startswith("logconform.toml:2: worker_command: ")
    assert message in str(caught.value)
    assert "   = fix: " in str(caught.value)


# --exercise


def test_whatever_a_services_own_script_sends_is_judged(service: Path) -> None:
    """Tasks that succeed, fail, are retried and are sent by others: all of them, in one scenario of the report."""
    outcome = run(service, "--exercise", "python send.py", "--keep", "kept")
    assert (outcome.code, outcome.violated()) == (0, []), outcome.output
    assert outcome.report is not None
    checked = {each["id"] for each in outcome.report["requirements"] if each["checked"]}
    assert checked >= {
        "FMT001",
        "CTX002",
        "CTX007",
        "START001",
        "START003",
        "DONE001",
        "DONE006",
        "FAIL001",
        "RETRY001",
    }
    [scenario] = outcome.report["scenarios"]
    assert (scenario["id"], scenario["requirement"]) == ("exercise[prefork-embedded]", None)
    assert scenario["name"] == "python send.py"
    # A machine that is busy enough may hold up a task between the two clocks of DONE006, which is a SHOULD.
    assert (scenario["outcome"], scenario["reason"]) in [("passed", None), ("warned", "warned: DONE006")]
    assert scenario["steps"][0]["text"] == "the command brings about 5 tasks in 6 executions"
    assert scenario["outcome"] == "warned" or "kept: nothing, as nothing failed" in outcome.output


def test_a_command_that_fails_is_told_and_what_it_ran_is_judged(service: Path) -> None:
    """It exits with 2 where the log conforms; the end of its output is shown, and kept with the worker's log."""
    (service / "bad.py").write_text(f"import sys\n{SEND}\nsys.exit('cannot go on')\n", "utf-8")
    outcome = run(service, "--exercise", "python bad.py", "--pool", "solo", "--keep", "kept")
    assert outcome.code == 2, outcome.output
    assert "exercise: the command exited with 1\n   | cannot go on\n   = again: logconform run" in outcome.output
    assert outcome.report is not None
    assert (outcome.report["summary"]["verdict"], outcome.violated()) == ("conforms", [])
    [scenario] = outcome.report["scenarios"]
    assert (scenario["outcome"], scenario["reason"]) == ("inconclusive", "the command exited with 1")
    assert scenario["reproduce"] == (
        "logconform run --app shop:app --exercise 'python bad.py' --pool solo --broker embedded"
    )
    kept = service / "kept" / "solo-embedded"
    assert "cannot go on" in (kept / "exercise.txt").read_text("utf-8")
    assert b"shop.order" in (kept / "worker-1" / "stdout").read_bytes()


def test_a_violation_goes_before_a_command_that_fails(service: Path) -> None:
    """Both are told; the exit code is that of the verdict."""
    (service / "shop.py").write_text(SHOP.replace('StdlibWorker("shop")', 'Twice("shop")').replace(*TWICE), "utf-8")
    outcome = run(service, "--exercise", "python send.py; exit 3", "--pool", "solo")
    assert (outcome.code, outcome.violated()) == (1, ["DONE001"]), outcome.output
    assert outcome.report is not None
    [scenario] = outcome.report["scenarios"]
    assert (scenario["outcome"], scenario["reason"]) == ("violated", "the command exited with 3; violated: DONE001")
    assert "exercise: the command exited with 3\n   | (it wrote nothing)\nDONE001 violation: " in outcome.output


def test_an_exercise_without_tasks_tests_nothing(service: Path) -> None:
    """The worker's own records are not enough: exit code 3, with what the command is to do."""
    outcome = run(service, "--exercise", 'test -n "$LOGCONFORM_BROKER_URL"', "--pool", "solo")
    assert outcome.code == 3, outcome.output
    assert (
        "nothing ran on the worker: the command is to send its tasks to the broker in $CELERY_BROKER_URL"
        in outcome.output
    )
    assert outcome.report is not None
    assert outcome.report["summary"]["verdict"] == "nothing_tested"


# --repeat, --only, --keep


def test_what_fails_in_some_runs_only_is_flaky(service: Path) -> None:
    """It counts as a violation; its worker is kept, with the command that runs that scenario alone."""
    subject = "tests.implementations.completes_every_second_run_twice:app"
    only = short_id("DONE001", "A task succeeds, and completes")  # others of its requirement start workers as well
    outcome = run(service, "--only", only, "--pool", "solo", "--repeat", "2", "--keep", "kept", app=subject)
    assert (outcome.code, outcome.violated()) == (1, ["DONE001"]), outcome.output
    assert outcome.report is not None
    [flaky] = [each for each in outcome.report["scenarios"] if each["outcome"] == "flaky"]
    assert (flaky["runs"], flaky["failed"], flaky["requirement"]) == (2, 1, "DONE001")
    assert flaky["reason"].startswith("failed in 1 of 2 runs: 2 records `Task completed`")
    assert f"{flaky['short_id']} {flaky['name']}: failed in 1 of 2 runs" in outcome.output
    [finding] = outcome.report["findings"]
    assert (finding["path"], finding["scenario"]) == ("run-2/stdout", flaky["id"])

    home = service / "kept" / "solo-embedded" / "run-2"
    names = ["command.txt", "oracle", "stderr", "stdout"]
    assert sorted(each.name for each in (home / "worker-1").iterdir()) == names
    assert flaky["reproduce"] == (
        f"logconform run --app {subject} --only {flaky['short_id']} --pool solo --broker embedded --repeat 2"
    )
    assert flaky["reproduce"] in (home / f"{flaky['short_id']}.txt").read_text("utf-8")
    assert (home / "worker-1" / "stdout").read_bytes().count(b'"Task completed"') > 1
    assert subject in (home / "worker-1" / "command.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "CTX004-0000"], "--only: no scenario CTX004-0000"),
        (["--keep", "."], "is not empty; name a folder that is, or that is not there yet"),
    ],
)
def test_wrong_usage_is_one_message(arguments: list[str], message: str, service: Path) -> None:
    """Exit code 2, before any worker starts."""
    outcome = run(service, *arguments)
    assert (outcome.code, outcome.report) == (2, None)
    assert message in outcome.output
    assert "starting a worker" not in outcome.output
