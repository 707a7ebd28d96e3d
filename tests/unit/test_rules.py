"""Every rule: a stream that keeps it, one that does not, and the exact findings of the whole judge on both."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from logconform.findings import Verdict
from logconform.judge import judge_stream
from logconform.records import read_stream
from logconform.rules import discover

A, B, C = (
    "0b0a9b1e-7f5a-4b0e-9d7a-0a1b2c3d4e5f",
    "5d1c9a52-11aa-4c27-8d2b-f00dfeedbeef",
    "c0ffee00-11aa-4c27-8d2b-f00dfeedbeef",
)
TRACE = 'Traceback (most recent call last):\n  File "tasks.py", line 4, in send\n    post()\nConnectionError: refused'
ERROR = {"error": "ConnectionError: refused", "exception": TRACE}

Line = dict[str, Any]


class Stream:
    """Writes lines one millisecond apart."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(
        self, event: str, level: str = "info", *, at: int | None = None, logger: str = "app.tasks", **fields: Any
    ) -> Stream:
        number = len(self.lines) if at is None else at
        base = {
            "timestamp": f"2025-09-12T20:{number // 60_000:02}:{number // 1000 % 60:02}.{number % 1000:03}000Z",
            "level": level,
            "service": "worker",
            "logger": logger,
            "event": event,
        }
        self.lines.append({name: value for name, value in {**base, **fields}.items() if value is not None})
        return self

    def start(self, task: str = A, *, at: int | None = None, **fields: Any) -> Stream:
        known = {"task_id": task, "task_name": "send", "operation": "task.send", "args_count": 0, "kwargs_keys": []}
        return self.add("Task starting", at=at, logger="app.celery", **{**known, **fields})

    def body(self, task: str = A, event: str = "Sending", **fields: Any) -> Stream:
        return self.add(event, **{"task_id": task, "operation": "task.send", **fields})

    def done(self, task: str = A, **fields: Any) -> Stream:
        known = {"task_id": task, "task_name": "send", "operation": "task.send", "state": "SUCCESS"}
        return self.add(
            "Task completed", logger="app.celery", **{**known, "has_return_value": False, "duration_ms": 2, **fields}
        )

    def failed(self, task: str = A, **fields: Any) -> Stream:
        known = {"task_id": task, "task_name": "send", "operation": "task.send", **ERROR}
        return self.add("Task failed", "error", logger="app.celery", **{**known, **fields})

    def retrying(self, count: int, task: str = A, **fields: Any) -> Stream:
        known = {"task_id": task, "task_name": "send", "operation": "task.send", "error": "ConnectionError: refused"}
        counts = {"retry_count": count, "max_retries": 3, "countdown": 0}
        return self.add("Task failed, retrying", "warning", logger="app.celery", **{**known, **counts, **fields})

    def exhausted(self, count: int, task: str = A) -> Stream:
        known = {"task_id": task, "task_name": "send", "operation": "task.send", "retry_count": count, **ERROR}
        return self.add("Task failed permanently after max retries", "error", logger="app.celery", **known)

    def ended(self, state: str, task: str = A) -> Stream:
        known = {"task_id": task, "task_name": "send", "operation": "task.send", "state": state}
        return self.add("Task ended", logger="app.celery", **known)

    def progress(self, processed: int, total: int = 2000, **fields: Any) -> Stream:
        return self.body(event="Processing progress", processed_records=processed, total_records=total, **fields)


def s() -> Stream:
    return Stream()


def one_by_one(tasks: int, stream: Stream | None = None) -> Stream:
    """Add that many tasks, of which none begins before another has ended."""
    stream = stream or s()
    for number in range(tasks):
        stream.start(f"task-{number}").done(f"task-{number}", duration_ms=1)
    return stream


def tenant(name: str) -> dict[str, Any]:
    return {"tenant_id": name, "kwargs_keys": ["tenant_id"]}


LOCALS = TRACE.replace("post()\n", "post()\n    message = <EmailMessage to user-123>\n")
RICH = "Traceback (most recent call last)\n│ ╭───── locals ─────╮ │\n│ │ attempt = 1      │ │\nConnectionError: refused"
STACKPRINTER = TRACE.replace("post()\n", "post()\n    ..............................\n     attempt = 1\n")
POINTED = TRACE.replace("post()\n", "post()\n    │    └ <EmailMessage>\n    └ <function post at 0x7f>\n")
FRAMES = [
    {"exc_type": "ConnectionError", "frames": [{"filename": "tasks.py", "lineno": 4, "locals": {"attempt": "1"}}]}
]
MULTILINE = TRACE.replace("post()\n", "post(\n        attempt = 1,\n    )\n    ^^^^^\n")

KEPT: dict[str, Stream] = {
    "a task that succeeds": s().start().body().done(),
    "tasks that interleave": s().start(A).start(B).body(B).body(A).done(A).done(B),
    "a task that fails": s().start().body().failed(),
    "a task that is ignored": s().start().ended("IGNORED"),
    "a task that is retried": s().start().retrying(0).start(retry_count=1).retrying(1).start(retry_count=2).done(),
    "a retry whose next execution starts first": s().start().start(retry_count=1).retrying(0).done(),
    "a task that used up its retries": (
        s().start().retrying(0, max_retries=1).start(retry_count=1).exhausted(1).failed()
    ),
    "a redelivered task": s().start().body().start(redelivered=True).done(),
    "a task for a tenant": s().start(**tenant("acme")).body(tenant_id="acme").done(tenant_id="acme"),
    "a tenant that was None": s().start(kwargs_keys=["tenant_id"]).body().done(),
    "a task that binds tenants itself": (
        s().start(A, **tenant("acme")).done(A, tenant_id="acme").start(B).body(B, tenant_id="acme").done(B)
    ),
    "progress": s()
    .start()
    .body(total_records=2000)
    .progress(1000)
    .progress(2000)
    .body(total_processed=2000)
    .done(duration_ms=5),
    "a resource usage record": s()
    .start()
    .add("Task completed", task_id=A, operation="data.work", duration_ms=1, memory_used_mb=0)
    .done(),
    "a rejected message that comes back": s().start().ended("REJECTED").start(redelivered=True).done(duration_ms=1),
    "a killed retry that is redelivered": (
        s().start().retrying(0).start(retry_count=1).start(retry_count=1, redelivered=True).done(duration_ms=1)
    ),
    "retries that another worker ran": s()
    .start()
    .retrying(0)
    .start(retry_count=2)
    .retrying(2)
    .start(retry_count=3)
    .done(duration_ms=1),
    "the lifecycle's logger speaks before and after": (
        s()
        .add("Message received", logger="app.celery", task_id=A, operation="task.send")
        .start()
        .done(duration_ms=1)
        .add("Cleaned up", logger="app.celery", task_id=A, operation="task.send")
    ),
    "a chain": s()
    .start(A, correlation_id="r")
    .start(B, correlation_id="r", parent_task_id=A)
    .done(A, duration_ms=2)
    .done(B),
    "a failure without a Python traceback": s().start().failed(error="WorkerLostError: signal 9", exception=None),
    "a source line of several lines": s().start().failed(exception=MULTILINE),
    "a password before the host of a URL": s()
    .start()
    .body(url="[redacted]", host="redis://**:**@redis.internal:6379/0")
    .done(),
    "the name of a worker": s().add(
        "celery@worker-1.example.com ready.", logger="celery.apps.worker", hostname="w1@a.example.com"
    ),
    "a masked secret": s().start().body(password="[redacted]", broker="redis://:**@localhost:6379/0").done(),
    "celery speaks after the end": s()
    .start()
    .done(duration_ms=0)
    .add("Task succeeded", logger="celery.app.trace", task_id=A, operation="task.send"),
}

BROKEN: dict[str, tuple[Stream, list[tuple[str, int]]]] = {
    "StartMissingOrRepeated/no start": (
        s().start(B).done(B, duration_ms=1).add("Idle", at=200).body(at=300).done(at=302, duration_ms=2),
        [("START001", 4)],
    ),
    "StartMissingOrRepeated/one slot": (
        one_by_one(20).body().failed(),
        [("START001", 41)],
    ),
    "StartMissingOrRepeated/late": (s().body().start().done(duration_ms=1), [("START001", 1)]),
    "StartMissingOrRepeated/twice": (s().start().start().done(), [("START001", 2)]),
    "CompletedTwice": (s().start().done(duration_ms=1).done(), [("DONE001", 3)]),
    "CompletedAndFailed": (s().start().done(duration_ms=1).failed(), [("DONE004", 2)]),
    "CompletedAndFailed/ignored": (s().start().ended("IGNORED").done(), [("DONE004", 3)]),
    "CompletedTwice/after retries": (
        s().start().retrying(0).start(retry_count=1).done(duration_ms=1).done(duration_ms=2),
        [("DONE001", 5)],
    ),
    "RedeliveredAndEndedTwice": (
        s().start().done(duration_ms=1).start(redelivered=True).done(duration_ms=1),
        [("LIFE003", 4)],
    ),
    "CompletedTwice/redelivered": (
        s().start().start(redelivered=True).done(duration_ms=1).done(duration_ms=1),
        [("DONE001", 4)],
    ),
    "RedeliveredAndEndedTwice/failed": (
        s().start().start(redelivered=True).failed().failed(),
        [("LIFE003", 4)],
    ),
    "FurtherStartUnmarked": (s().start().retrying(0).start().done(duration_ms=1), [("START005", 3)]),
    "FurtherStartUnmarked/redelivered": (s().start().start(at=5_000).done(at=5_002), [("START005", 2)]),
    "ArgumentInStart": (s().start(kwargs_keys=["to"], to="Ada").done(duration_ms=1), [("START004", 1)]),
    "ArgumentInStart/whole": (
        s().start(kwargs={"to": "Ada", "tenant_id": "acme"}).done(duration_ms=1),
        [("START004", 1)],
    ),
    "FailureWithoutTraceback": (s().start().failed(exception=None), [("FAIL002", 2)]),
    "ErrorWithoutTraceback": (
        s().start().body(level="error", error="ConnectionError: refused").done(),
        [("EXEC004", 2)],
    ),
    "ErrorWithoutTraceback/no error": (s().start().body(level="error", exception=TRACE).done(), [("EXEC004", 2)]),
    "TracebackShowsLocals": (s().start().failed(exception=LOCALS), [("SAFE003", 2)]),
    "TracebackShowsLocals/rich": (s().start().failed(exception=RICH), [("SAFE003", 2)]),
    "TracebackShowsLocals/stackprinter": (s().start().failed(exception=STACKPRINTER), [("SAFE003", 2)]),
    "TracebackShowsLocals/pointed": (s().start().failed(exception=POINTED), [("SAFE003", 2)]),
    "TracebackShowsLocals/frames": (s().start().body(trace=FRAMES).done(), [("SAFE003", 2)]),
    "ContextMissingAtEnd": (s().start(**tenant("acme")).done(duration_ms=1), [("DONE007", 2)]),
    "ContextMissingAtFailure": (s().start(**tenant("acme")).failed(), [("FAIL006", 2)]),
    "TenantDropped/start": (
        s().start(kwargs_keys=["tenant_id"]).done(duration_ms=1, tenant_id="acme"),
        [("CTX002", 1)],
    ),
    "ForeignContext/at the end": (
        s()
        .start(A, **tenant("acme"))
        .done(A, tenant_id="acme", duration_ms=1)
        .start(B)
        .done(B, tenant_id="acme", duration_ms=1),
        [("CTX005", 4)],
    ),
    "CorrelationChanged": (
        s().start(A, correlation_id="r").start(B, correlation_id="q", parent_task_id=A).done(A, duration_ms=2).done(B),
        [("CTX012", 2)],
    ),
    "ParentChanged": (
        s().start(parent_task_id=B).retrying(0).start(retry_count=1, parent_task_id=C).done(duration_ms=1),
        [("CTX012", 3)],
    ),
    "LifecycleEventBorrowed/failure": (
        s().start().body(event="Task failed", operation="mail.send", **ERROR).done(),
        [("EXEC002", 2)],
    ),
    "StartMissingOrRepeated/of a retry": (
        s().start().retrying(0, countdown=1).body(at=2_000).done(at=2_001, duration_ms=1),
        [("START001", 3)],
    ),
    "OperationUnlikeTask/at the end": (s().start().done(duration_ms=1, operation="mail.send"), [("CTX007", 2)]),
    "FailedTwice": (s().start().failed().failed(), [("FAIL001", 3)]),
    "RetryNotFollowed": (
        s().start().retrying(0, max_retries=1).start(retry_count=1).retrying(1, max_retries=1).exhausted(1).failed(),
        [("RETRY003", 4)],
    ),
    "RetriedAndEnded": (
        s().start().done(duration_ms=1).retrying(0).start(retry_count=1).done(duration_ms=1),
        [("RETRY006", 2)],
    ),
    "BodyAfterCompletion": (s().start().done(duration_ms=1).body(), [("DONE001", 3)]),
    "EndingMissing": (
        s().start().body().start(B).done(B, duration_ms=1).start(C).done(C, duration_ms=1),
        [("LIFE004", 1)],
    ),
    "FailureLost": (
        one_by_one(60, s().start().add("Could not send", "error", task_id=A, operation="task.send", **ERROR)),
        [("FAIL001", 2)],
    ),
    "RetryUnannounced": (s().start().start(retry_count=1).done(), [("RETRY001", 2)]),
    "RetryAnnouncedTwice": (
        s().start().retrying(0).retrying(0).start(retry_count=1).done(duration_ms=1),
        [("RETRY001", 3)],
    ),
    "RetriesMiscounted/from one": (s().start().retrying(1).start(retry_count=1).done(duration_ms=1), [("RETRY002", 2)]),
    "RetriesMiscounted/gap": (
        s().start().retrying(0).start(retry_count=1).retrying(2).start(retry_count=2).done(duration_ms=1),
        [("RETRY002", 4)],
    ),
    "ExhaustionUntold": (
        s().start().retrying(0, max_retries=1).start(retry_count=1).failed(),
        [("RETRY004", 4)],
    ),
    "ExhaustionUntold/after": (
        s().start().retrying(0, max_retries=1).start(retry_count=1).failed().exhausted(1),
        [("RETRY004", 5)],
    ),
    "TenantDropped": (s().start(**tenant("acme")).body().done(tenant_id="acme"), [("CTX002", 2)]),
    "UserDropped": (s().start(user_id="7", kwargs_keys=["user_id"]).body().done(user_id="7"), [("CTX003", 2)]),
    "ForeignContext/called with another": (
        s()
        .start(A, **tenant("acme"))
        .done(A, tenant_id="acme", duration_ms=1)
        .start(B, **tenant("globex"))
        .body(B, tenant_id="acme")
        .done(B, tenant_id="globex"),
        [("CTX005", 4)],
    ),
    "ForeignContext/called without": (
        s()
        .start(A, **tenant("acme"))
        .done(A, tenant_id="acme", duration_ms=1)
        .start(B, tenant_id="acme")
        .done(B, duration_ms=1),
        [("CTX005", 3)],
    ),
    "RetryChangedIdentity": (
        s()
        .start(**tenant("acme"))
        .retrying(0, tenant_id="acme")
        .start(retry_count=1, **tenant("globex"))
        .done(duration_ms=1, tenant_id="globex"),
        [("RETRY005", 3)],
    ),
    "OwnParent": (s().start(parent_task_id=A).done(duration_ms=1), [("CTX012", 1)]),
    "OperationUnlikeTask": (s().start(operation="email.send").done(duration_ms=1), [("CTX007", 1)]),
    "LifecycleEventBorrowed": (
        s()
        .start()
        .retrying(0)
        .add(
            "Task failed, retrying",
            "warning",
            task_id=A,
            operation="task.send",
            error="ConnectionError: refused",
            retry_count=0,
            max_retries=3,
            countdown=0,
            task_name="send",
        )
        .start(retry_count=1)
        .done(duration_ms=1),
        [("EXEC002", 3)],
    ),
    "DurationDisagrees": (s().start().done(duration_ms=900), [("DONE006", 2)]),
    "TimeGoesBackwards": (s().start(at=5).body().done(duration_ms=0), [("FMT016", 2)]),
    "ErrorUnlikeTraceback": (s().start().failed(error="TimeoutError: too late"), [("FAIL003", 2)]),
    "FailureReportedAgain": (
        s().start().failed().add("Task raised", "error", logger="celery.app.trace", task_id=A, operation="task.send"),
        [("FAIL007", 3)],
    ),
    "RevokedTwice": (
        s()
        .add(
            "Task revoked",
            "warning",
            task_id=A,
            task_name="send",
            operation="task.send",
            terminated=False,
            expired=False,
        )
        .add(
            "Task revoked",
            "warning",
            task_id=A,
            task_name="send",
            operation="task.send",
            terminated=False,
            expired=False,
        ),
        [("LIFE002", 2)],
    ),
    "ProgressOutOfOrder": (
        s().start().progress(1000).progress(2000).body(total_processed=2000).done(duration_ms=4),
        [("PROG001", 2)],
    ),
    "ProgressDoesNotAddUp": (
        s()
        .start()
        .body(total_records=2000)
        .progress(2000)
        .progress(1000)
        .body(total_processed=2000)
        .done(duration_ms=5),
        [("PROG002", 4)],
    ),
    "ProgressTooRareOrOften": (
        s()
        .start()
        .body(total_records=9)
        .progress(1, 9)
        .progress(2, 9)
        .progress(3, 9)
        .body(total_processed=9)
        .done(duration_ms=6),
        [("PROG003", 3)],
    ),
    "SecretInRecord": (s().start().body(password="hunter2hunter2").done(), [("SAFE001", 2)]),
    "BrokerCredentials": (s().add("Connected", broker="redis://:hunter2@localhost:6379/0"), [("SAFE002", 1)]),
    "AddressOutOfPlace": (s().start().body(recipient="ada@example.com").done(), [("SAFE004", 2)]),
    "RecordTooLongForRuntimes": (s().start().body(text="x" * 20_000).done(), [("FMT012", 2)]),
    "TaskIdMissing": (s().start().add("Sending", operation="task.send").done(), [("CTX001", 2)]),
    "ContextOutsideTasks": (
        s()
        .start(**tenant("acme"))
        .done(tenant_id="acme", duration_ms=1)
        .add("Waiting", logger="app.main", tenant_id="acme"),
        [("CTX005", 3)],
    ),
}


def lines_of(stream: Stream) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in stream.lines)


def judged(data: bytes, *, complete: bool = False) -> Verdict:
    return judge_stream(read_stream(io.BytesIO(data), "log"), complete=complete)


def found(verdict: Verdict) -> list[tuple[str, int]]:
    return sorted((each.requirement, each.place.line if each.place else 0) for each in verdict.findings)


@pytest.mark.parametrize("name", KEPT)
def test_a_stream_that_keeps_the_contract_has_no_finding(name: str) -> None:
    """No rule, schema or reader defect speaks against it, whether or not it is known to be whole."""
    data = lines_of(KEPT[name])
    assert found(judged(data)) == []
    assert found(judged(data, complete=True)) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_stream_has_exactly_its_own_findings(name: str) -> None:
    """One fault, its own requirement, its own line: nothing else is accused."""
    stream, expected = BROKEN[name]
    assert found(judged(lines_of(stream))) == sorted(expected)


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("cut", ["beginning", "end", "both"])
def test_a_cut_is_never_a_violation(name: str, cut: str) -> None:
    """Wherever a sample is cut, between lines or within one, what is missing is not held against the worker."""
    data = lines_of(KEPT[name])
    for position in range(1, len(data), 97):
        part = {"beginning": data[data.find(b"\n", position) + 1 :], "end": data[:position]}.get(cut)
        if part is None:
            part = data[data.find(b"\n", position // 2) + 1 : len(data) - position // 2]
        assert found(judged(part)) == [], part


def test_every_rule_has_a_case_that_it_finds() -> None:
    """A rule without a violating case could never fire and nobody would know."""
    named = {name.split("/")[0] for name in BROKEN}
    elsewhere = {"ServiceChanges", "EventVaries", "BaseFieldsNotFirst"}
    assert {rule.__name__ for rule in discover() if not rule.__name__.startswith("_")} == named | elsewhere


def test_a_worker_names_one_service() -> None:
    """In a stream known to be one worker's, a second service is a finding; in a sample it may be another worker."""
    stream = s().add("Ready").add("Ready", service="other")
    assert found(judged(lines_of(stream), complete=True)) == [("FMT005", 2)]
    assert found(judged(lines_of(stream))) == []


def test_events_that_vary_without_end_are_found_once() -> None:
    """The 21st event of one logger that differs only in a number is the finding."""
    stream = s()
    for number in range(40):
        stream.add(f"Sent {number} mails")
    assert found(judged(lines_of(stream))) == [("FMT008", 21)]


def test_base_fields_come_first() -> None:
    """A member before the five base fields, or another order of them, is a warning."""
    line = s().add("Ready", port=1).lines[0]
    shuffled = {"port": 1, **{name: line[name] for name in ("timestamp", "level", "service", "logger", "event")}}
    assert found(judged(json.dumps(shuffled).encode() + b"\n")) == [("FMT015", 1)]
