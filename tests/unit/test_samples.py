"""Whole samples: what conforms is never accused, a cut accuses nobody, and one fault is one cause at its line."""

from __future__ import annotations

import copy
import io
import random
from collections.abc import Callable
from typing import Any

import pytest

from logconform.contract import Level, load_contract
from logconform.findings import Finding
from logconform.judge import judge_stream
from logconform.records import read_stream
from tests.unit.sample_generator import FULL, STYLES, Members, Sample, Style, Task, encoded, traceback_of

CONTRACT = load_contract()
SEEDS = range(35)
SIZES = (3, 12, 40)
CUTS = 5
"""Cuts of each kind per sample."""

Lines = list[Any]
"""Records, or bytes for a line as it is."""


def sample_of(seed: int) -> tuple[Style, list[bytes]]:
    style = STYLES[seed % len(STYLES)]
    return style, Sample(seed, style, slots=1 + seed % 8, tasks=SIZES[seed % len(SIZES)]).lines()


def findings_in(data: bytes) -> list[Finding]:
    return judge_stream(read_stream(io.BytesIO(data), "log")).findings


def found(data: bytes) -> list[tuple[str, int]]:
    return sorted((each.requirement, each.place.line if each.place else 0) for each in findings_in(data))


def violations(data: bytes) -> list[tuple[str, int]]:
    return [(name, line) for name, line in found(data) if CONTRACT[name].level is Level.MUST]


# What conforms


@pytest.mark.parametrize("seed", SEEDS)
def test_a_conforming_sample_violates_nothing(seed: int) -> None:
    """In whichever style a service writes, no MUST is held against it; nor a SHOULD where it keeps them all."""
    style, lines = sample_of(seed)
    data = b"".join(lines)
    assert violations(data) == []
    if style.keeps_every_should:
        assert found(data) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cut_is_no_violation(seed: int) -> None:
    """At the beginning, at the end or at both, between two lines or within one: what is missing is nobody's fault."""
    data = b"".join(sample_of(seed)[1])
    chance = random.Random(seed)
    for _ in range(CUTS):
        first, last = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        at_lines = data.find(b"\n", first) + 1, data.rfind(b"\n", 0, last) + 1
        for begin, end in ((first, len(data)), (0, last), (first, last), at_lines):
            assert violations(data[begin:end]) == [], (begin, end)


def test_files_of_several_workers_are_no_violation() -> None:
    """The edges of each file count for it alone: another worker's earlier file does not date this one's beginning."""
    early = Sample(1, FULL, slots=2, tasks=10).lines()
    late = Sample(2, FULL, slots=2, tasks=10).records
    for record in late:
        record["timestamp"] = record["timestamp"].replace("2025-09-12", "2025-09-13")
    cut = [encoded(record) for record in late][4:]
    readings = [
        *read_stream(io.BytesIO(b"".join(early)), "worker-1.log"),
        *read_stream(io.BytesIO(b"".join(cut)), "worker-2.log"),
    ]
    assert judge_stream(readings).findings == []


# One fault, one cause


PLAN = (
    *("succeed", "fail", "use_up_retries", "progress", "resource", "handle", "revoke", "retry_then_succeed", "requeue"),
    *("chain", "be_killed", "succeed", "retry_then_fail", "ignore", "succeed", "succeed"),
)


class Case:
    """A conforming sample, and the means to break it in one place."""

    def __init__(self) -> None:
        self.sample = Sample(11, FULL, slots=2, plan=PLAN)
        self.lines: Lines = copy.deepcopy(self.sample.records)
        self.changed: list[Any] = []

    def task(self, way: str, tenant: bool | None = None, nth: int = 0) -> Task:
        """Return a task that ends in one *way*, by default one with a tenant and a user."""
        tasks = [task for task, each in zip(self.sample.tasks, PLAN, strict=True) if each == way]
        if tenant is not None:
            tasks = [task for task in tasks if ("tenant_id" in task.identifiers) is tenant]
        return tasks[nth]

    def of(self, task: Task, event: str | None = None) -> list[Members]:
        """Return a task's records, or those of one event; of its body, where the event is `body`."""
        own = [line for line in self.lines if isinstance(line, dict) and line.get("task_id") == task.id]
        if event == "body":
            return [line for line in own if line["logger"] == FULL.body]
        return own if event is None else [line for line in own if line["event"] == event]

    def change(self, record: Members, /, **fields: Any) -> None:
        """Set members of a record; None removes one."""
        for name, value in fields.items():
            record[name] = value
            if value is None:
                del record[name]
        self.changed.append(record)

    def insert(self, after: Any, line: Any) -> None:
        self.lines.insert(self._index(after) + 1, line)
        self.changed.append(line)

    def remove(self, record: Members, accused: Members | None = None) -> None:
        del self.lines[self._index(record)]
        if accused is not None:
            self.changed.append(accused)

    def replace(self, record: Members, line: bytes) -> None:
        self.lines[self._index(record)] = line
        self.changed.append(line)

    def another_tenant(self, task: Task) -> str:
        """Return a tenant of which other tasks are, and *task* is not."""
        own = task.identifiers.get("tenant_id")
        known = [each.identifiers["tenant_id"] for each in self.sample.tasks if "tenant_id" in each.identifiers]
        return next(tenant for tenant in known if tenant != own)

    def line(self, of: Any) -> int:
        return self._index(of) + 1

    def data(self) -> bytes:
        return b"".join(line if isinstance(line, bytes) else encoded(line) for line in self.lines)

    def _index(self, of: Any) -> int:
        return next(index for index, line in enumerate(self.lines) if line is of)


Break = Callable[[Case], None]
BREAKS: dict[str, Break] = {}


def breaks(name: str) -> Callable[[Break], Break]:
    def register(function: Break) -> Break:
        BREAKS[name] = function
        return function

    return register


def changing(name: str, way: str, of: str, /, **fields: Any) -> None:
    """Register a fault that is a change of members in the first such record of the task that ends in that way."""

    def change(case: Case) -> None:
        case.change(case.of(case.task(way), of)[0], **fields)

    BREAKS[name] = change


changing("FMT003/zone", "handle", "body", timestamp="2025-09-12T22:05:03.001184+02:00")
changing("FMT003/no fraction", "succeed", "Task completed", timestamp="2025-09-12T20:05:03Z")
changing("FMT003/start", "succeed", "Task starting", timestamp="2025-09-12 20:05:03.001184")
changing("FMT003/missing", "fail", "Task failed", timestamp=None)
changing("FMT004", "handle", "body", level="ERROR")
changing("FMT005", "handle", "body", service="")
changing("FMT006", "handle", "body", logger="")
changing("FMT007", "handle", "body", event="")
changing("FMT012", "handle", "body", text="x" * 20_000)
changing("FMT016", "progress", "body", timestamp="2025-09-12T20:00:00.000000Z")
changing("CTX004/null", "handle", "body", tenant_id="None")
changing("CTX007", "succeed", "Task starting", operation="mail.send")
changing("CTX007/at the end", "succeed", "Task completed", operation="mail.send")
changing("START002/no name", "succeed", "Task starting", task_name=None)
changing("START002/level", "succeed", "Task starting", level="debug")
changing("START003", "succeed", "Task starting", args_count=-1)
changing("START004/kwargs", "succeed", "Task starting", kwargs={"document": "confidential"})
changing("START004/args", "succeed", "Task starting", args=["confidential"])
changing("EXEC001", "handle", "body", operation=None)
changing("EXEC003", "handle", "body", operation="send email")
changing("EXEC004", "handle", "body", exception=None)
changing("EXEC004/no error", "handle", "body", error=None)
changing("DONE002", "succeed", "Task completed", has_return_value=None)
changing("DONE002/name", "succeed", "Task completed", task_name=None)
changing("DONE005", "succeed", "Task completed", result={"status": "sent"})
changing("DONE006", "progress", "Task completed", duration_ms=1)
changing("DONE006/missing", "progress", "Task completed", duration_ms=None)
changing("DONE007", "succeed", "Task completed", operation=None)
changing("FAIL001/level", "fail", "Task failed", level="warning")
changing("FAIL002/name", "fail", "Task failed", task_name=None)
changing("FAIL002/traceback", "fail", "Task failed", exception=None)
changing("FAIL003/message only", "fail", "Task failed", error="not today")
changing("FAIL003/another", "fail", "Task failed", exception=traceback_of("ValueError: no"))
changing("FAIL003/a list", "fail", "Task failed", exception=["Traceback"])
changing("RETRY001/level", "use_up_retries", "Task failed, retrying", level="info")
changing("RETRY001/limit", "use_up_retries", "Task failed, retrying", max_retries="3")
changing("RETRY004/no traceback", "use_up_retries", "Task failed permanently after max retries", exception=None)
changing("RETRY007", "use_up_retries", "Task failed, retrying", countdown=None)
changing("PROG001/no total", "progress", "Processing progress", total_records=None)
changing("RES001", "resource", "Task completed", memory_used_mb=1.5)
changing("SAFE001", "handle", "body", password="hunter2hunter2")
changing("SAFE001/nested", "handle", "body", request={"headers": [{"Authorization": "Bearer abc123def456"}]})
changing("SAFE002", "handle", "body", broker="amqp://worker:h7Tq2xPz@rabbit:5672//")
changing("SAFE004", "handle", "body", to="ada@example.com")
changing(
    "SAFE003/rich",
    "handle",
    "body",
    exception="Traceback (most recent call last)\n│ ╭──── locals ────╮ │\n│ │ message = <EmailMessage> │ │",
)
changing("LIFE002", "revoke", "Task revoked", terminated=None)
changing("LIFE002/level", "revoke", "Task revoked", level="info")
changing("LIFE004/state", "ignore", "Task ended", state=None)


@breaks("FMT001/banner")
def _(case: Case) -> None:
    case.insert(case.lines[5], b" -------------- celery@worker-1 v5.7.0 (immunity)\n")


@breaks("FMT001/blank")
def _(case: Case) -> None:
    case.insert(case.lines[5], b"\n")


@breaks("FMT001/two in a line")
def _(case: Case) -> None:
    ready = case.of(case.task("progress"), "Processing progress")[1]
    case.replace(ready, encoded(ready)[:-1] + encoded({"event": "Queue inspected"}))


@breaks("FMT001/torn completion")
def _(case: Case) -> None:
    done = case.of(case.task("succeed"), "Task completed")[0]
    case.replace(done, encoded(done)[:-20] + b"\n")


@breaks("FMT002")
def _(case: Case) -> None:
    error = case.of(case.task("fail"), "Task failed")[0]
    case.replace(
        error, encoded(error)[:-2] + b', "exception": "Traceback (most recent call last):\\nRefused: not today"}\n'
    )


@breaks("FMT002/in depth")
def _(case: Case) -> None:
    body = case.of(case.task("handle"), "body")[0]
    case.replace(body, encoded(body)[:-2] + b', "a": [{"b": {"x": 1, "\\u0078": 2}}]}\n')


@breaks("FMT009")
def _(case: Case) -> None:
    body = case.of(case.task("handle"), "body")[0]
    case.replace(body, encoded(body)[:-2] + b', "load": NaN}\n')


@breaks("FMT011")
def _(case: Case) -> None:
    case.change(case.of(case.task("handle"), "body")[0], text="x" * 300_000)


@breaks("FMT015")
def _(case: Case) -> None:
    body = case.of(case.task("handle"), "body")[0]
    case.replace(body, encoded({"task_id": body["task_id"], **body}))


@breaks("FMT008")
def _(case: Case) -> None:
    for number in range(30):
        line = {**case.lines[0], "event": f"Polled queue {number}", "logger": "poller"}
        case.lines.append(line)
        if number == 20:
            case.changed.append(line)


@breaks("CTX001")
def _(case: Case) -> None:
    case.change(case.of(case.task("progress"), "Processing progress")[1], task_id=None)


@breaks("CTX002")
def _(case: Case) -> None:
    case.change(case.of(case.task("handle", tenant=True), "body")[0], tenant_id=None)


@breaks("CTX002/start")
def _(case: Case) -> None:
    case.change(case.of(case.task("succeed", tenant=True), "Task starting")[0], tenant_id=None)


@breaks("CTX002/another")
def _(case: Case) -> None:
    case.change(case.of(case.task("handle", tenant=True), "body")[0], tenant_id="nobody")


@breaks("CTX003")
def _(case: Case) -> None:
    task = next(task for task in case.sample.tasks if "user_id" in task.identifiers and case.of(task, "body"))
    case.change(case.of(task, "body")[0], user_id=None)


@breaks("CTX004")
def _(case: Case) -> None:
    line = case.of(case.task("handle", tenant=True), "body")[0]
    line["tenant_id"] = None
    case.changed.append(line)


@breaks("CTX005")
def _(case: Case) -> None:
    task = case.task("handle", tenant=True)
    foreign = case.another_tenant(task)
    case.change(case.of(task, "body")[0], tenant_id=foreign)


@breaks("CTX005/at the end")
def _(case: Case) -> None:
    task = case.task("succeed", tenant=True)
    foreign = case.another_tenant(task)
    case.change(case.of(task, "Task completed")[0], tenant_id=foreign)


@breaks("CTX005/called without")
def _(case: Case) -> None:
    once = [task for task in case.sample.tasks if not task.identifiers and len(case.of(task, "Task starting")) == 1]
    case.change(case.of(once[0], "Task starting")[0], tenant_id=case.another_tenant(once[0]))


@breaks("CTX005/outside")
def _(case: Case) -> None:
    line = {
        **case.lines[0],
        "logger": "services.worker.main",
        "event": "Waiting",
        "tenant_id": case.another_tenant(case.sample.tasks[0]),
    }
    for name in ("task_id", "operation", "user_id"):
        line.pop(name, None)
    case.lines.append(line)
    case.changed.append(line)


@breaks("CTX010")
def _(case: Case) -> None:
    case.change(case.of(case.task("handle", tenant=True), "body")[0], tenant_id=789)


@breaks("CTX012/own parent")
def _(case: Case) -> None:
    start = case.of(case.task("retry_then_fail"), "Task starting")[1]
    case.change(start, parent_task_id=start["task_id"])


@breaks("CTX012/correlation")
def _(case: Case) -> None:
    child = next(line for line in case.lines if line["event"] == "Task starting" and "parent_task_id" in line)
    case.change(child, correlation_id="req-new")


@breaks("START001")
def _(case: Case) -> None:
    first, second, *_ = case.of(case.task("progress"))
    case.remove(first, accused=second)


@breaks("START001/failed")
def _(case: Case) -> None:
    first, second, *_ = case.of(case.task("handle"))
    case.remove(first, accused=second)


@breaks("START001/twice")
def _(case: Case) -> None:
    start = case.of(case.task("succeed"), "Task starting")[0]
    case.insert(start, {**start})


@breaks("START001/of a retry")
def _(case: Case) -> None:
    for way in ("retry_then_fail", "retry_then_succeed", "use_up_retries"):
        records = case.of(case.task(way))
        for before, start, after in zip(records, records[1:], records[2:], strict=False):
            if start["event"] == "Task starting" and before.get("countdown", 0) > 1:
                return case.remove(start, accused=after)
    raise IndexError("no retry here waits for its countdown")


@breaks("START002/no task id")
def _(case: Case) -> None:
    case.change(case.of(case.task("progress"), "Task starting")[0], task_id=None)


@breaks("START003/twice")
def _(case: Case) -> None:
    start = case.of(case.task("succeed"), "Task starting")[0]
    case.change(start, kwargs_keys=[*start["kwargs_keys"], "document", "document"])


@breaks("START004/by name")
def _(case: Case) -> None:
    start = case.of(case.task("succeed"), "Task starting")[0]
    case.change(start, kwargs_keys=[*start["kwargs_keys"], "document"], document="confidential")


@breaks("START005")
def _(case: Case) -> None:
    case.change(case.of(case.task("retry_then_fail"), "Task starting")[1], retry_count=None)


@breaks("START005/redelivered")
def _(case: Case) -> None:
    case.change(case.of(case.task("requeue"), "Task starting")[1], redelivered=None)


@breaks("EXEC002/retry")
def _(case: Case) -> None:
    body = case.of(case.task("handle"), "body")[0]
    counts = {"retry_count": 0, "max_retries": 3}
    case.insert(body, {**body, "level": "warning", "event": "Task failed, retrying", **counts})


@breaks("EXEC002/failure")
def _(case: Case) -> None:
    case.change(case.of(case.task("handle"), "body")[0], event="Task failed")


@breaks("EXEC002/start")
def _(case: Case) -> None:
    case.change(case.of(case.task("progress"), "Starting dataset processing")[0], event="Task starting")


@breaks("EXEC002/completion")
def _(case: Case) -> None:
    body = case.of(case.task("progress"), "Dataset processed")[0]
    case.insert(body, {**body, "event": "Task completed", "state": "SUCCESS"})


@breaks("DONE001/twice")
def _(case: Case) -> None:
    done = case.of(case.task("succeed"), "Task completed")[0]
    case.insert(done, {**done})


@breaks("DONE001/body after")
def _(case: Case) -> None:
    task = case.task("progress")
    body, done = case.of(task, "Processing progress")[0], case.of(task, "Task completed")[0]
    told = {name: value for name, value in body.items() if not name.endswith("_records")}
    case.insert(done, {**told, "event": "Message sent", "timestamp": done["timestamp"]})


@breaks("DONE004")
def _(case: Case) -> None:
    failed = case.of(case.task("fail"), "Task failed")[0]
    done = {**failed, "level": "info", "event": "Task completed", "state": "SUCCESS", "has_return_value": False}
    del done["error"], done["exception"]
    start = case.of(case.task("fail"), "Task starting")[0]
    case.insert(failed, {**done, "duration_ms": milliseconds(start, failed)})


@breaks("DONE007/tenant")
def _(case: Case) -> None:
    case.change(case.of(case.task("succeed", tenant=True), "Task completed")[0], tenant_id=None)


@breaks("FAIL001/twice")
def _(case: Case) -> None:
    failed = case.of(case.task("be_killed"), "Task failed")[0]
    case.insert(failed, {**failed})


@breaks("FAIL001/twice after retries")
def _(case: Case) -> None:
    failed = case.of(case.task("retry_then_fail"), "Task failed")[0]
    case.insert(failed, {**failed})


@breaks("FAIL006")
def _(case: Case) -> None:
    case.change(case.of(case.task("fail", tenant=True), "Task failed")[0], tenant_id=None, user_id=None)


@breaks("FAIL007")
def _(case: Case) -> None:
    failed = case.of(case.task("fail"), "Task failed")[0]
    case.insert(failed, {**failed, "logger": "celery.app.trace", "event": "Task raised unexpected"})


@breaks("RETRY001/missing")
def _(case: Case) -> None:
    task = case.task("retry_then_fail")
    case.remove(case.of(task, "Task failed, retrying")[0], accused=case.of(task, "Task starting")[1])


@breaks("RETRY001/the first of several")
def _(case: Case) -> None:
    """The others count right, though none has 0."""
    task = case.task("use_up_retries")
    case.remove(case.of(task, "Task failed, retrying")[0], accused=case.of(task, "Task starting")[-1])


@breaks("RETRY001/twice")
def _(case: Case) -> None:
    retry = case.of(case.task("retry_then_fail"), "Task failed, retrying")[0]
    case.insert(retry, {**retry})


@breaks("RETRY002")
def _(case: Case) -> None:
    case.change(case.of(case.task("retry_then_fail"), "Task failed, retrying")[0], retry_count=1)


@breaks("RETRY003")
def _(case: Case) -> None:
    task = case.task("fail")
    failed = case.of(task, "Task failed")[0]
    retry = {
        **failed,
        "level": "warning",
        "event": "Task failed, retrying",
        "retry_count": 0,
        "max_retries": 3,
        "countdown": 60,
    }
    del retry["exception"]
    case.lines.insert(case._index(failed), retry)
    case.changed.append(retry)


@breaks("RETRY004/untold")
def _(case: Case) -> None:
    task = case.task("use_up_retries")
    told = case.of(task, "Task failed permanently after max retries")[0]
    case.remove(told, accused=case.of(task, "Task failed")[0])


@breaks("RETRY004/twice")
def _(case: Case) -> None:
    told = case.of(case.task("use_up_retries"), "Task failed permanently after max retries")[0]
    case.insert(told, {**told})


@breaks("RETRY004/not failed")
def _(case: Case) -> None:
    task = case.task("use_up_retries")
    told = case.of(task, "Task failed permanently after max retries")[0]
    case.lines += [{**case.lines[0], "event": "Queue inspected"} for _ in range(150)]
    case.remove(case.of(task, "Task failed")[0], accused=told)


@breaks("RETRY005")
def _(case: Case) -> None:
    start = case.of(case.task("retry_then_fail"), "Task starting")[1]
    case.change(start, tenant_id="initech", kwargs_keys=sorted({*start["kwargs_keys"], "tenant_id"}))


@breaks("RETRY005/foreign")
def _(case: Case) -> None:
    task = case.task("use_up_retries")
    start = case.of(task, "Task starting")[1]
    keys = sorted({*start["kwargs_keys"], "tenant_id"})
    case.change(start, tenant_id=case.another_tenant(task), kwargs_keys=keys)


@breaks("RETRY006")
def _(case: Case) -> None:
    task = case.task("retry_then_fail")
    retry, failed = case.of(task, "Task failed, retrying")[0], case.of(task, "Task failed")[0]
    case.insert(retry, {**failed, "timestamp": retry["timestamp"]})


@breaks("PROG001/no beginning")
def _(case: Case) -> None:
    task = case.task("progress")
    begin, first = case.of(task, "Starting dataset processing")[0], case.of(task, "Processing progress")[0]
    case.remove(begin, accused=first)


@breaks("PROG001/no end")
def _(case: Case) -> None:
    task = case.task("progress")
    case.remove(case.of(task, "Dataset processed")[0], accused=case.of(task, "Processing progress")[-1])


@breaks("PROG002/backwards")
def _(case: Case) -> None:
    case.change(case.of(case.task("progress"), "Processing progress")[1], processed_records=10)


@breaks("PROG002/another total")
def _(case: Case) -> None:
    case.change(case.of(case.task("progress"), "Processing progress")[1], total_records=9000)


@breaks("PROG002/fraction")
def _(case: Case) -> None:
    case.change(case.of(case.task("progress"), "Processing progress")[1], processed_records=1500.5)


@breaks("PROG003")
def _(case: Case) -> None:
    first = case.of(case.task("progress"), "Processing progress")[0]
    for _ in range(8):
        case.lines.insert(case._index(first) + 1, {**first})
    case.changed.append(first)


@breaks("LIFE002/twice")
def _(case: Case) -> None:
    revoked = case.of(case.task("revoke"), "Task revoked")[0]
    case.insert(revoked, {**revoked})


@breaks("LIFE003")
def _(case: Case) -> None:
    task = case.task("requeue")
    done, ended = case.of(task, "Task completed")[0], case.of(task, "Task ended")[0]
    start = case.of(task, "Task starting")[0]
    first = {**done, "timestamp": ended["timestamp"], "duration_ms": milliseconds(start, ended)}
    case.lines[case._index(ended)] = first
    case.changed.append(done)


@breaks("LIFE004")
def _(case: Case) -> None:
    task = case.task("succeed")
    ready = {**case.lines[-1], "event": "Queue inspected", "timestamp": "2025-09-12T23:59:00.000000Z"}
    case.lines.append(
        {name: value for name, value in ready.items() if name in ("timestamp", "level", "service", "logger", "event")}
    )
    case.remove(case.of(task, "Task completed")[0], accused=case.of(task, "Task starting")[0])


def milliseconds(start: Members, end: Members) -> float:
    """Return the time between two records of one minute or the next."""
    first, last = (int(each["timestamp"][14:16]) * 60 + float(each["timestamp"][17:26]) for each in (start, end))
    return round(1000 * (last - first), 3)


def test_the_sample_to_be_broken_conforms() -> None:
    """What a fault is put into has none."""
    assert found(Case().data()) == []


@pytest.mark.parametrize("name", BREAKS)
def test_one_fault_is_one_finding(name: str) -> None:
    """Each fault is found under its own requirement, at its own line, and nothing else is accused."""
    case = Case()
    BREAKS[name](case)
    assert found(case.data()) == [(name.split("/", maxsplit=1)[0], case.line(case.changed[-1]))]


# Faults in long samples


def long_sample() -> Lines:
    return Sample(5, FULL, slots=4, plan=["succeed"] * 200).records


def test_three_faults_among_two_hundred_tasks_are_three_findings() -> None:
    """A leaked tenant, a failure that nobody reported and a repeated name are found, each once and at its line."""
    lines = long_sample()
    tenants = {line["task_id"]: line["tenant_id"] for line in lines if "tenant_id" in line}
    bodies = [line for line in lines if line["logger"] == FULL.body and "tenant_id" in line]
    leaked, failing = bodies[40], bodies[70]
    leaked["tenant_id"] = next(tenant for tenant in tenants.values() if tenant != leaked["tenant_id"])
    error = "ConnectionError: refused"
    failing |= {"level": "error", "event": "Could not send", "error": error, "exception": traceback_of(error)}
    at = lines.index(failing)
    lines = [line for index, line in enumerate(lines) if index <= at or line.get("task_id") != failing["task_id"]]
    encoded_lines = [encoded(line) for line in lines]
    encoded_lines[300] = encoded_lines[300][:-2] + b', "level": "info"}\n'
    expected = [("CTX005", lines.index(leaked) + 1), ("FAIL001", at + 1), ("FMT002", 301)]
    assert found(b"".join(encoded_lines)) == sorted(expected)


def test_an_ending_lost_in_the_middle_is_found() -> None:
    """With two hundred tasks around it, one that was silent ten times longer than any other ever was is over."""
    lines = long_sample()
    done = [line for line in lines if line["event"] == "Task completed"][60]
    start = next(line for line in lines if line.get("task_id") == done["task_id"])
    lines.remove(done)
    if lines[-1].get("task_id") == done["task_id"]:
        raise AssertionError("the task has to be in the middle")
    assert found(b"".join(map(encoded, lines))) == [("LIFE004", lines.index(start) + 1)]


def test_a_start_lost_after_the_worker_began_is_found() -> None:
    """A sample that opens with the worker's own start has cut nothing off: no duration is needed to decide."""
    ready = {"level": "info", "service": "worker", "logger": "app", "event": "Worker ready"}
    lines = [
        {"timestamp": "2025-09-12T20:05:03.000000Z", **ready},
        *Sample(7, FULL, slots=3, plan=["fail"] * 5).records,
    ]
    start = [line for line in lines if line["event"] == "Task starting"][2]
    lines.remove(start)
    first = next(line for line in lines if line.get("task_id") == start["task_id"])
    expected = [] if first["event"] == "Task failed" else [("START001", lines.index(first) + 1)]
    assert found(b"".join(map(encoded, lines))) == expected


# Lines that cannot be read


def broken_line(how: str, line: bytes) -> bytes:
    text = line[:-1]
    return {
        "carriage return": text + b"\r\n",
        "byte-order mark": b"\xef\xbb\xbf" + line,
        "two objects": text + b'{"event": "Queue inspected"}\n',
        "a blank line before": b"\n" + line,
        "not UTF-8": text[:-1] + b', "name": "\xe9"}\n',
        "a NUL": text[:-1] + b', "name": "\x00"}\n',
        "cut short": text[: len(text) // 2] + b"\n",
        "without its head": text[len(text) // 2 :] + b"\n",
        "nested too deep": text[:-1] + b', "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        "an array": b"[" + text + b"]\n",
        "repeated name": text[:-1] + b', "a": {"x": 1, "\\u0078": 2}}\n',
        "NaN": text[:-1] + b', "load": NaN}\n',
        "infinity": text[:-1] + b', "load": [-Infinity]}\n',
        "beyond a double": text[:-1] + b', "load": 1e999}\n',
        "a huge integer": text[:-1] + b', "load": ' + b"9" * 5_000 + b"}\n",
        "longer than allowed": text[:-1] + b', "text": "' + b"x" * 300_000 + b'"}\n',
        "longer than is read": text[:-1] + b', "text": "' + b"x" * 17_000_000 + b'"}\n',
    }[how]


BROKEN_LINES = {
    "carriage return": ["FMT001"],
    "byte-order mark": ["FMT001"],
    "two objects": ["FMT001"],
    "a blank line before": ["FMT001"],
    "not UTF-8": ["FMT001"],
    "a NUL": ["FMT001"],
    "cut short": ["FMT001"],
    "without its head": ["FMT001"],
    "an array": ["FMT001"],
    "nested too deep": ["FMT001"],
    "repeated name": ["FMT002"],
    "NaN": ["FMT009"],
    "infinity": ["FMT009"],
    "beyond a double": [],
    "a huge integer": [],
    "longer than allowed": ["FMT011"],
    "longer than is read": ["FMT011"],
}


@pytest.mark.parametrize("event", ["Task starting", "Task completed", "Task failed, retrying", "Processing progress"])
@pytest.mark.parametrize("how", BROKEN_LINES)
def test_a_broken_line_accuses_nobody_else(how: str, event: str) -> None:
    """It is told once, for what it is; of the record that it may have been nothing is concluded."""
    lines = Case().lines
    number = [index for index, line in enumerate(lines) if line["event"] == event][-1]
    raw = [encoded(line) for line in lines]
    raw[number] = broken_line(how, raw[number])
    if how == "nested too deep":  # 200,000 bytes are too long for one line of a container, and for nothing else
        assert set(found(b"".join(raw))) == {("FMT001", number + 1)}
    else:
        assert found(b"".join(raw)) == [(name, number + 1) for name in BROKEN_LINES[how]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_a_file_in_another_encoding_breaks_one_requirement(encoding: str) -> None:
    """Each of its lines is no UTF-8, or no JSON; nothing is said of what stands in them."""
    data = b"".join(map(encoded, Case().lines)).decode().encode(encoding)
    assert {name for name, _ in found(data)} == {"FMT001"}


def test_a_last_line_without_its_end_hides_no_other_fault() -> None:
    """That the newline is missing is the cut's fault; that a name is repeated is not."""
    line = encoded(Case().lines[0])[:-2] + b', "level": "info"}'
    assert found(line) == [("FMT002", 1)]
