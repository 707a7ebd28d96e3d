"""Lifecycle records of tasks that run in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import structlog
from billiard.exceptions import WorkerLostError
from celery import VERSION, Celery
from celery.exceptions import Ignore, Reject, TimeLimitExceeded

from reference_worker.logging import instrument, lifecycle, signals
from reference_worker.logging.context import bind_context, current_context, log_context
from reference_worker.logging.execution import current_execution
from reference_worker.logging.pipeline import pipeline
from tests.unit import reference_log
from tests.unit.reference_log import Kept

kept = reference_log.kept


@pytest.fixture(autouse=True)
def nothing_stays(kept: Kept) -> Iterator[None]:
    """CTX005: after each of these tests, nothing is bound."""
    yield
    assert current_execution() is None
    assert current_context() == {}


@pytest.fixture
def app() -> Celery:
    return instrument(Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=False))


def test_success(kept: Kept, app: Celery) -> None:
    """START001-003, DONE001-003: arguments are counted and named, not shown; 0 is a return value."""

    @app.task(name="t.ok", bind=True)
    def ok(self: Any, *args: Any, **kwargs: Any) -> int:
        structlog.get_logger("t").info("Working")
        return 0

    ok.apply(("a", "b"), {"tenant_id": 0, "token": "s3cret"})
    assert kept.lifecycle("args_count", "kwargs_keys", "state", "has_return_value", "tenant_id", "operation") == [
        ("Task starting", 2, ["tenant_id", "token"], None, None, "0", "task.t.ok"),
        ("Task completed", None, None, "SUCCESS", True, "0", "task.t.ok"),
    ]
    assert [record["event"] for record in kept.records] == ["Task starting", "Working", "Task completed"]


def test_positional_identifiers_are_bound(kept: Kept, app: Celery) -> None:
    """CTX009: by the task's signature, of which a bound task's `self` is no part."""

    @app.task(name="t.positional", bind=True)
    def positional(self: Any, user_id: str, tenant_id: str | None = None) -> None: ...

    positional.apply(("u", "t"))
    assert kept.lifecycle("user_id", "tenant_id") == [("Task starting", "u", "t"), ("Task completed", "u", "t")]


def test_failure(kept: Kept, app: Celery) -> None:
    """FAIL001-004: one record, with the short form, the traceback and its cause; no word of retries."""

    @app.task(name="t.fail", max_retries=0)
    def fail() -> None:
        raise ValueError("bad") from KeyError("cause")

    fail.apply()
    assert kept.lifecycle("error", "level") == [
        ("Task starting", None, "info"),
        ("Task failed", "ValueError: bad", "error"),
    ]
    traceback = kept.records[-1]["exception"]
    assert "KeyError: 'cause'" in traceback
    assert traceback.endswith("ValueError: bad")


class Unpicklable(Exception):
    """Neither shown nor pickled."""

    def __init__(self, one: object, two: object) -> None:
        super().__init__()

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("exception", "error"),
    [
        (Unpicklable(1, 2), "Unpicklable: <exception str() failed>"),
        (ValueError("\ud800"), "ValueError: \\ud800"),
        (ValueError(), "ValueError"),
        (ExceptionGroup("several", [KeyError("k")]), "ExceptionGroup: several (1 sub-exception)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_hostile_exceptions_are_recorded(kept: Kept, app: Celery, exception: Exception, error: str) -> None:
    """FAIL005: whatever the exception is like, the failure is on record, under its own name."""

    @app.task(name="t.hostile")
    def hostile() -> None:
        raise exception

    hostile.apply()
    assert kept.lifecycle("error")[1:] == [("Task failed", error)]
    assert type(exception).__name__ in kept.records[-1]["exception"]


def test_retries(kept: Kept, app: Celery) -> None:
    """RETRY001-006: each retry once, with the limit in force; the last says that it was the last."""

    @app.task(name="t.retry", bind=True, max_retries=7)
    def retry(self: Any, tenant_id: str) -> None:
        try:
            connect()
        except OSError as fault:
            self.retry(exc=fault, countdown=60 * 2**self.request.retries, max_retries=1)

    retry.apply(kwargs={"tenant_id": "t"})
    assert kept.lifecycle("retry_count", "max_retries", "countdown", "error", "tenant_id") == [
        ("Task starting", None, None, None, None, "t"),
        ("Task failed, retrying", 0, 1, 60, "OSError: down", "t"),
        ("Task starting", 1, None, None, None, "t"),
        ("Task failed permanently after max retries", 1, None, None, "OSError: down", "t"),
        ("Task failed", None, None, None, "OSError: down", "t"),
    ]
    assert {r["task_id"] for r in kept.records} == {kept.records[0]["task_id"]}
    assert not any("parent_task_id" in record for record in kept.records)


def connect() -> None:
    """Fail as a network does."""
    raise OSError("down")


def test_autoretry_ends_with_the_original_exception(kept: Kept, app: Celery) -> None:
    """RETRY001, RETRY004: the same records where Celery retries by itself."""

    @app.task(name="t.autoretry", autoretry_for=(OSError,), retry_kwargs={"max_retries": 1, "countdown": 5})
    def autoretry() -> None:
        raise OSError("down")

    autoretry.apply()
    assert kept.lifecycle("retry_count", "max_retries", "countdown") == [
        ("Task starting", None, None, None),
        ("Task failed, retrying", 0, 1, 5),
        ("Task starting", 1, None, None),
        ("Task failed permanently after max retries", 1, None, None),
        ("Task failed", None, None, None),
    ]


def test_unlimited_retries(kept: Kept, app: Celery) -> None:
    """RETRY001, RETRY003: no limit is null; a failure that follows without a retry is only a failure."""

    @app.task(name="t.unlimited", bind=True, max_retries=None)
    def unlimited(self: Any) -> None:
        if self.request.retries:
            raise ValueError("another fault")
        self.retry(countdown=0)

    unlimited.apply()
    assert kept.lifecycle("max_retries") == [
        ("Task starting", None),
        ("Task failed, retrying", None),
        ("Task starting", None),
        ("Task failed", None),
    ]
    assert "max_retries" in kept.records[1]


@pytest.mark.parametrize(("ending", "state"), [(Ignore(), "IGNORED"), (Reject("no", requeue=False), "REJECTED")])
def test_other_endings(kept: Kept, app: Celery, ending: Exception, state: str) -> None:
    """LIFE004, DONE004: neither completed nor failed, but ended."""

    @app.task(name="t.other")
    def other() -> None:
        raise ending

    other.apply()
    assert kept.lifecycle("state") == [("Task starting", None), ("Task ended", state)]


def test_system_exit(kept: Kept, app: Celery) -> None:
    """LIFE004, CTX005: an exit ends the execution as aborted and leaves nothing bound."""

    @app.task(name="t.exit")
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        leave.apply()
    assert kept.lifecycle("state") == [("Task starting", None), ("Task ended", "ABORTED")]
    assert current_context() == {}


def test_a_task_inside_a_task(kept: Kept, app: Celery) -> None:
    """CTX008, CTX012: the inner one has its own context and names its parent; the outer one's is intact afterwards."""

    @app.task(name="t.inner")
    def inner() -> None:
        bind_context(left="behind")

    @app.task(name="t.outer")
    def outer(tenant_id: str) -> None:
        with log_context(operation="outer.work", step=1):
            before = current_context()
            inner.apply(task_id="inner-id")
            assert current_context() == before
        bind_context(left="behind")

    outer.apply(kwargs={"tenant_id": "t"}, task_id="outer-id")
    parent = "outer-id" if VERSION >= (5, 6) else None  # before, Celery told a task that it ran in-process no parent
    assert kept.lifecycle("task_id", "tenant_id", "parent_task_id", "correlation_id", "operation", "step") == [
        ("Task starting", "outer-id", "t", None, "outer-id", "task.t.outer", None),
        ("Task starting", "inner-id", None, parent, "outer-id", "task.t.inner", None),
        ("Task completed", "inner-id", None, parent, "outer-id", "task.t.inner", None),
        ("Task completed", "outer-id", "t", None, "outer-id", "task.t.outer", None),
    ]
    assert current_context() == {}


class RaisesWhenShown:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


@pytest.mark.parametrize("tenant", [RaisesWhenShown(), "x" * 10**6, {"a": [1]}, "\ud800\0\n"], ids=type)
def test_hostile_identifiers_do_not_fail_the_task(kept: Kept, app: Celery, tenant: object) -> None:
    """CTX013: the body runs, under its own id, and its records are bounded."""
    ran = []

    @app.task(name="t.hostile_identifier")
    def body(tenant_id: object) -> None:
        ran.append(current_context()["task_id"])

    body.apply(kwargs={"tenant_id": tenant}, task_id="own-id")
    assert ran == ["own-id"]
    assert kept.lifecycle("task_id") == [("Task starting", "own-id"), ("Task completed", "own-id")]
    assert all(len(json.dumps(record)) < 16_384 for record in kept.records)


def test_a_fault_of_our_own_at_the_start_costs_no_context(
    kept: Kept, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CTX013: the body runs under its own id, the fault is on record, and nothing stays bound."""

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    @app.task(name="t.undescribed")
    def body() -> dict[str, Any]:
        return current_context()

    monkeypatch.setattr(signals, "describe", broken)
    ran = body.apply(task_id="own-id").get()
    assert ran == {"task_id": "own-id", "operation": "task.t.undescribed"}
    assert [(r["event"], r.get("error")) for r in kept.records] == [
        ("Task arguments could not be read", "RuntimeError: broken"),
        ("Task starting", None),
        ("Task completed", None),
    ]


def test_a_handler_of_ours_that_raises_disturbs_nobody(
    kept: Kept, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CTX005: the fault is on record, and the execution's context is cleared all the same."""

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    @app.task(name="t.unstarted")
    def body() -> None: ...

    monkeypatch.setattr(signals.lifecycle, "succeeded", broken)
    body.apply()
    assert [(r["event"], r.get("handler")) for r in kept.records] == [
        ("Task starting", None),
        ("Signal handler failed", "on_success"),
    ]


@pytest.mark.parametrize(
    ("options", "event", "state"),
    [
        ({}, "Task failed", None),
        ({"acks_late": True}, "Task failed", None),
        ({"acks_on_failure_or_timeout": False}, "Task failed", None),
        ({"acks_late": True, "acks_on_failure_or_timeout": False}, "Task ended", "REJECTED"),
    ],
)
def test_a_hard_time_limit_is_told_once(
    kept: Kept, app: Celery, options: dict[str, bool], event: str, state: str | None
) -> None:
    """FAIL001, LIFE003: though the main process hears of it twice; no failure where the task runs again."""

    @app.task(name="t.overran", **options)
    def body() -> None: ...

    for _ in range(2):
        signals.on_failure(sender=body, task_id=str(options), exception=TimeLimitExceeded(1), args=(), kwargs={})
    assert kept.lifecycle("task_id", "state") == [(event, str(options), state)]


@pytest.mark.parametrize("fails", [True, False])
def test_a_child_that_is_lost_after_its_task_ended_is_no_second_ending(kept: Kept, app: Celery, fails: bool) -> None:
    """FAIL001: the main process hears only that a child is gone; that child had its task's ending on record."""

    @app.task(name="t.lost_late")
    def body() -> None:
        if fails:
            raise ValueError("of its own")

    body.apply(task_id="lost-late")
    signals.on_failure(sender=body, task_id="lost-late", exception=WorkerLostError("gone"), traceback="lost")
    assert kept.lifecycle() == [("Task starting",), ("Task failed" if fails else "Task completed",)]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the process's own runs any more."""


def test_a_child_that_is_lost_between_two_sinks_has_one_ending_in_each(
    kept: Kept, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAIL001: the console has the child's, the log file what the main process is told."""

    @app.task(name="t.lost_between")
    def body() -> None: ...

    in_file: list[str] = []

    class File:
        def write(self, record: dict[str, Any], _line: bytes) -> None:
            if record["event"] == "Task completed":
                raise Killed
            in_file.append(record["event"])

    monkeypatch.setattr(pipeline, "sinks", (*pipeline.sinks, File()))
    with suppress(Killed):
        body.apply(task_id="lost-between")
    signals.on_failure(sender=body, task_id="lost-between", exception=WorkerLostError("gone"), traceback="lost")
    assert kept.lifecycle() == [("Task starting",), ("Task completed",)]
    assert in_file == ["Task starting", "Task failed"]


def test_a_child_that_is_lost_in_a_later_execution_is_a_failure(kept: Kept, app: Celery) -> None:
    """FAIL001: that an earlier execution of the task ended does not matter."""

    @app.task(name="t.lost_again")
    def body() -> None: ...

    body.apply(task_id="lost-again")
    lifecycle.note_start("lost-again")  # in a child that is then lost
    signals.on_failure(sender=body, task_id="lost-again", exception=WorkerLostError("gone"), traceback="lost")
    assert kept.lifecycle()[-1] == ("Task failed",)


def test_secret_arguments_are_in_no_record(kept: Kept, app: Celery) -> None:
    """SAFE001: not in a message, a field or a traceback, positional or nested."""

    @app.task(name="t.secret")
    def secret(password: str, data: dict[str, Any]) -> None:
        structlog.get_logger("t").info("Got it", note=f"it is {password}", inner=data)
        raise ValueError(f"{password} and {data['deep']['api-key']}")

    secret.apply(("hunter2hunter2",), {"data": {"deep": {"api-key": "k-998877"}}})
    text = json.dumps(kept.records)
    assert "hunter2hunter2" not in text
    assert "k-998877" not in text
    assert kept.lifecycle("error")[-1] == ("Task failed", "ValueError: [redacted] and [redacted]")
