"""One start and one ending for each execution of the reference worker, on every pool, forked children and spawned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.reference_process import ENDINGS, LIFECYCLE, ReferenceWorker, private_redis

POOLS = {
    "prefork": ("--pool", "prefork", "--concurrency", "3"),
    "spawn": ("--pool", "prefork", "--pool-start-method", "spawn", "--concurrency", "3"),
    "threads": ("--pool", "threads", "--concurrency", "3"),
    "solo": ("--pool", "solo"),
    "gevent": ("--pool", "gevent", "--concurrency", "10"),
}
WITH_CHILDREN = {"prefork", "spawn"}
WITH_HARD_LIMIT = {"prefork", "spawn", "gevent"}
WITHOUT_EXIT = {"prefork", "spawn", "solo"}
"""A pool child's exit takes Celery ten seconds to notice; the solo pool exits with it."""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module", params=list(POOLS))
def worker(request: pytest.FixtureRequest, redis: Any, tmp_path_factory: pytest.TempPathFactory) -> ReferenceWorker:
    """A worker that has run everything, and was stopped warmly."""
    pool: str = request.param
    if pool == "gevent":
        pytest.importorskip("gevent")
    number = list(POOLS).index(pool) + 1
    options = (*POOLS[pool], "--loglevel", "INFO", "--include", "tests.integration.reference_probes")
    started = ReferenceWorker(tmp_path_factory.mktemp(pool), redis.url(number), redis.url(0), *options)
    try:
        executions = send_everything(started, pool)
        started.wait_until(lambda: started.endings() >= executions, f"{executions} executions are over")
    finally:
        ending = started.stop()
    assert (ending.exit_code, ending.signals, ending.leftovers) == (0, ("SIGTERM",), ())
    return started


def send_everything(worker: ReferenceWorker, pool: str) -> int:
    """Send a task for each way to end; return how many executions that makes."""
    tenant = {"tenant_id": "acme"}
    worker.send("ok", "probe.ok", kwargs=tenant, headers={"log_correlation_id": "request-7"})
    worker.send("positional", "probe.positional", ("u-1", 0))
    worker.send("fail", "probe.fail", kwargs={"password": "hunter2hunter2"})
    worker.send("retry", "probe.retry", kwargs={"succeeds": True, "user_id": 7}, headers={"log_correlation_id": "r-8"})
    worker.send("autoretry", "probe.autoretry", kwargs=tenant)
    worker.send("ignore", "probe.ignore")
    worker.send("reject", "probe.reject")
    worker.send("requeue", "probe.requeue", kwargs=tenant)
    worker.send("hook", "probe.hook")
    worker.send("handler", "probe.handler", kwargs=tenant)
    worker.send("no tenant", "probe.ok")
    worker.send("parent", "probe.parent", kwargs=tenant)
    worker.ids["child"] = "child-of-" + worker.ids["parent"]
    worker.send("expired", "probe.ok", kwargs=tenant, expires=datetime(2020, 1, 1, tzinfo=UTC))
    executions = 17
    if pool in WITH_HARD_LIMIT:
        worker.send("hard", "probe.hard", kwargs=tenant)
        worker.send("hard, again", "probe.hard_requeue", kwargs=tenant)
        executions += 3
    if pool in WITH_CHILDREN:
        worker.send("soft", "probe.soft")
        executions += 1
    if pool not in WITHOUT_EXIT:
        worker.send("exit", "probe.exit")
        executions += 1
    return executions


def test_everything_is_a_record_on_both_sinks(worker: ReferenceWorker) -> None:
    """FMT001, FMT017, SINK003: of the children too, however they were started."""
    assert worker.err() == b""
    assert all(isinstance(record, dict) for record in worker.records())
    assert sorted(worker.out().splitlines()) == sorted(worker.log.read_bytes().splitlines())


def test_each_start_has_one_ending(worker: ReferenceWorker) -> None:
    """START001, FAIL001, LIFE004: as many as there were executions, and none for what never ran."""
    # Counted, not paired: a retry can start before its predecessor's ending is told.
    counted = {}
    for label in worker.ids:
        events = [event for (event,) in worker.lifecycle(label)]
        counted[label] = (events.count("Task starting"), sum(event in ENDINGS for event in events))
    assert counted.pop("expired") == (0, 1)
    twice = {
        label: counted.pop(label) for label in ("retry", "autoretry", "requeue", "hard, again") if label in counted
    }
    assert set(twice.values()) == {(2, 2)}
    assert set(counted.values()) == {(1, 1)}


def test_every_execution_record_has_its_context(worker: ReferenceWorker) -> None:
    """CTX001, CTX002, CTX005: the tenant is on every record of its tasks, and on no other."""
    tenants = {label: {record.get("tenant_id") for record in worker.of(label)} for label in worker.ids}
    with_tenant = {"ok", "autoretry", "requeue", "handler", "parent", "expired", "hard", "hard, again"}
    assert {label: found for label, found in tenants.items() if label in with_tenant and found != {"acme"}} == {}
    assert tenants.pop("positional") == {"0"}
    assert {label: found for label, found in tenants.items() if label not in with_tenant and found != {None}} == {}
    assert [r for r in worker.records() if "task_id" not in r and ("tenant_id" in r or "user_id" in r)] == []


def test_positional_identifiers(worker: ReferenceWorker) -> None:
    """CTX009, CTX010: by the task's signature, `self` not counted; 0 is an identifier."""
    assert {(r["user_id"], r["tenant_id"]) for r in worker.of("positional")} == {("u-1", "0")}


def test_headers_carry_correlation_and_parent(worker: ReferenceWorker) -> None:
    """CTX012: a header's correlation reaches all executions of the task; a child has its parent's."""
    assert {r["correlation_id"] for r in worker.of("ok")} == {"request-7"}
    assert {(r["correlation_id"], r.get("parent_task_id")) for r in worker.of("retry")} == {("r-8", None)}
    parent = worker.ids["parent"]
    assert {(r["correlation_id"], r.get("parent_task_id")) for r in worker.of("child")} == {(parent, parent)}


def test_success_and_failure(worker: ReferenceWorker) -> None:
    """DONE001, FAIL001, FAIL007: one completion; one failure, and one record at level error."""
    assert worker.lifecycle("ok", "state") == [("Task starting", None), ("Task completed", "SUCCESS")]
    assert [r["event"] for r in worker.of("fail") if r["level"] == "error"] == ["Task failed"]
    assert worker.lifecycle("hook", "error")[1:] == [("Task failed", "KeyError: 'missing'")]


def test_autoretry_counts_against_the_limit_in_force(worker: ReferenceWorker) -> None:
    """RETRY001, RETRY004: `retry_kwargs` wins over the task's own `max_retries`."""
    assert set(worker.lifecycle("autoretry", "retry_count", "max_retries", "countdown")) == {
        ("Task starting", None, None, None),
        ("Task failed, retrying", 0, 1, 0.05),
        ("Task starting", 1, None, None),
        ("Task failed permanently after max retries", 1, None, None),
        ("Task failed", None, None, None),
    }


@pytest.mark.parametrize(("label", "state"), [("ignore", "IGNORED"), ("reject", "REJECTED")])
def test_other_endings(worker: ReferenceWorker, label: str, state: str) -> None:
    """LIFE004: one ending that names the task, though Celery reports a Reject without its id."""
    name = f"probe.{label}"
    assert worker.lifecycle(label, "task_name", "state") == [
        ("Task starting", name, None),
        ("Task ended", name, state),
    ]
    assert [r for r in worker.records() if r["logger"] == LIFECYCLE and not (r["task_id"] and r["task_name"])] == []


def test_redelivery(worker: ReferenceWorker) -> None:
    """START005, LIFE003: a message that went back to the queue starts again, and says so."""
    assert worker.lifecycle("requeue", "redelivered", "state") == [
        ("Task starting", None, None),
        ("Task ended", None, "REJECTED"),
        ("Task starting", True, None),
        ("Task completed", None, "SUCCESS"),
    ]


def test_a_broken_handler_costs_neither_task_nor_context(worker: ReferenceWorker) -> None:
    """CTX013: where a handler of the service's raises, the task runs under its own context."""
    assert [event for (event,) in worker.lifecycle("handler")] == ["Task starting", "Task completed"]
    (ran,) = [record for record in worker.of("handler") if record["event"] == "Probe ran"]
    assert (ran["operation"], ran["tenant_id"]) == ("task.probe.handler", "acme")


def test_expiry(worker: ReferenceWorker) -> None:
    """LIFE002: one record, with the context, and no start."""
    assert worker.lifecycle("expired", "terminated", "expired", "task_name") == [
        ("Task revoked", False, True, "probe.ok"),
    ]


def test_soft_time_limit(worker: ReferenceWorker) -> None:
    """FAIL001: one failure."""
    if "soft" not in worker.ids:
        pytest.skip("this pool has no soft time limit")
    assert [(event, error.split(":")[0]) for event, error in worker.lifecycle("soft", "error")[1:]] == [
        ("Task failed", "SoftTimeLimitExceeded")
    ]


def test_hard_time_limit(worker: ReferenceWorker) -> None:
    """FAIL001, FAIL006: reported once, though Celery tells it twice; not at all where the task runs again."""
    if "hard" not in worker.ids:
        pytest.skip("this pool has no hard time limit")
    start, failure = worker.lifecycle("hard", "tenant_id", "error")
    assert (start[0], *failure[:2]) == ("Task starting", "Task failed", "acme")
    assert failure[2].startswith("TimeLimitExceeded: ")
    assert worker.lifecycle("hard, again", "redelivered", "state") == [
        ("Task starting", None, None),
        ("Task ended", None, "REJECTED"),
        ("Task starting", True, None),
        ("Task completed", None, "SUCCESS"),
    ]


def test_exit(worker: ReferenceWorker) -> None:
    """LIFE004: an exit inside a thread or greenlet, of which Celery says nothing, is an ending."""
    if "exit" not in worker.ids:
        pytest.skip("this pool's process exits with the task")
    assert worker.lifecycle("exit", "state") == [("Task starting", None), ("Task ended", "ABORTED")]
