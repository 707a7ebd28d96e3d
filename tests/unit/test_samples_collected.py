"""What shippers, log stores and people do to a log before it is checked is no fault of the worker's."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from logconform.judge import judge_stream
from logconform.records import Reading, read_stream
from tests.unit.sample_generator import FULL, Members, Sample, encoded
from tests.unit.test_chunks import at_once, in_parts, told

PLAN = ["succeed", "fail", "use_up_retries", "progress", "retry_then_succeed", "requeue", "revoke", "ignore"] * 25
Found = list[tuple[str, int]]


def records() -> list[Members]:
    return Sample(3, FULL, slots=4, plan=PLAN).records


def readings(name: str, lines: list[bytes]) -> list[Reading]:
    return list(read_stream(io.BytesIO(b"".join(lines)), name))


def found(*files: list[bytes]) -> Found:
    stream = [reading for number, lines in enumerate(files) for reading in readings(f"{number}.log", lines)]
    return [(each.requirement, each.place.line if each.place else 0) for each in judge_stream(stream).findings]


def whole() -> list[bytes]:
    return [encoded(record) for record in records()]


def test_the_sample_itself_conforms() -> None:
    """What is done to it in the tests below is all that could be at fault."""
    assert found(whole()) == []


# Clocks


def on_two_hosts(seconds: float) -> list[Members]:
    """Return the sample with every second execution on a host whose clock is so many seconds ahead."""
    moved = records()
    executions = 0
    host: dict[str, int] = {}
    for record in moved:
        task = record.get("task_id", "")
        if record["event"] == "Task starting":
            host[task] = executions = executions + 1
        if host.get(task, 0) % 2:
            at = datetime.fromisoformat(record["timestamp"]) + timedelta(seconds=seconds)
            record["timestamp"] = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return moved


@pytest.mark.parametrize("seconds", [-3.0, 3.0])
def test_clocks_that_differ_accuse_nobody_where_hosts_are_merged_by_time(seconds: float) -> None:
    """A retry on another host may then seem to begin before the execution that it repeats; it says what it is."""
    merged = sorted(on_two_hosts(seconds), key=lambda record: str(record["timestamp"]))
    assert found([encoded(record) for record in merged]) == []


# Deliveries


def test_what_was_shipped_twice_is_judged_once() -> None:
    """At-least-once delivery sends batches again; and a log file has the lines that the console has."""
    lines = whole()
    assert found(lines, lines) == []
    assert found([*lines, *lines]) == []
    assert found([*lines[:600], *lines[400:]]) == []


def test_what_was_shipped_twice_is_judged_once_however_it_is_cut() -> None:
    """The engine that judges blocks agrees."""
    lines = whole()
    data = b"".join([*lines[:400], *lines[200:]])
    assert told(in_parts(data, [20_000, 90_000, 140_000])) == told(at_once(data))


def test_what_was_written_twice_is_found() -> None:
    """Two handlers write a line side by side; and what is told again a moment later is another record."""
    lines = whole()
    at = next(number for number, line in enumerate(lines) if b'"Task completed"' in line)
    assert found([*lines[: at + 1], *lines[at:]]) == [("DONE001", at + 2)]
    later = re.sub(rb"(\d{6})Z", lambda stamp: b"%06dZ" % (int(stamp[1]) // 2), lines[at], count=1)
    assert {name for name, _ in found([*lines, later])} >= {"DONE001"}


def test_one_line_that_is_there_again_is_found() -> None:
    """Shippers send batches again, and no single line: that one was written twice, however far on."""
    lines = whole()
    at = next(number for number, line in enumerate(lines) if b'"Task completed"' in line)
    assert found([*lines, lines[at]]) == [("DONE001", len(lines) + 1)]
    data = b"".join([*lines, lines[at]])
    assert told(in_parts(data, [90_000])) == told(in_parts(data, [])) == told(at_once(data))
    revoked = next(number for number, line in enumerate(lines) if b'"Task revoked"' in line)
    assert found([*lines, lines[revoked]]) == [("LIFE002", len(lines) + 1)]


def test_newest_lines_first_are_judged_in_the_order_of_their_times() -> None:
    """Log stores answer a query with the newest line first; what was at fault still is."""
    lines = whole()
    assert found(lines[::-1]) == []
    at = next(number for number, line in enumerate(lines) if b'"Processing progress"' in line)
    broken = lines[at].replace(b'"processed_records": ', b'"processed_records": 9999999')
    assert found([*lines[:at], broken, *lines[at + 1 :]][::-1]) == [("PROG002", len(lines) - at)]


# Selections


SELECTIONS: dict[str, Callable[[bytes], bool]] = {
    "one in a hundred": lambda line: random.Random(line).random() < 0.01,
    "one in ten": lambda line: random.Random(line).random() < 0.1,
    "half": lambda line: random.Random(line).random() < 0.5,
    "completions": lambda line: b'"Task completed"' in line,
    "starts": lambda line: b'"Task starting"' in line,
    "retries": lambda line: b'"Task failed, retrying"' in line,
    "errors": lambda line: b'"level": "error"' in line,
    "a tenant": lambda line: b'"tenant-3"' in line,
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_lines_that_were_selected_accuse_nobody(name: str) -> None:
    """Where starts lack their endings as often as endings their starts, nobody knows what the worker wrote."""
    assert found([line for line in whole() if SELECTIONS[name](line)]) == []


def test_starts_that_are_never_written_are_found() -> None:
    """Where nothing but starts is missing, it is the worker that does not write them."""
    lines = [line for line in whole() if b'"Task starting"' not in line]
    assert "START001" in {name for name, _ in found(lines)}


def test_starts_that_are_missing_beside_tasks_that_still_run_are_found() -> None:
    """What runs at the end of a sample has lost no ending: nothing was taken out."""
    sample = records()
    silent = {record["task_id"] for record in sample if "task_id" in record}
    silent = set(sorted(silent)[: len(silent) // 4])
    kept = [each for each in sample if each["event"] != "Task starting" or each["task_id"] not in silent]
    started = [encoded(each) for each in kept if each["event"] == "Task starting"]
    running = [
        re.sub(rb'"task_id": "....', b'"task_id": "%04d' % number, line) for number, line in enumerate(started[:40])
    ]
    last = max(each["timestamp"] for each in kept)
    running = [re.sub(rb"2025-[^\"]*", last.encode(), line, count=1) for line in running]
    accused = found([*(encoded(each) for each in kept), *running])
    assert "START001" in {name for name, _ in accused}


def test_a_duration_since_the_first_attempt_is_found() -> None:
    """In one stream there is one clock."""
    sample = records()
    first: dict[str, str] = {}
    for record in sample:
        task = record.get("task_id", "")
        if record["event"] == "Task starting":
            first.setdefault(task, record["timestamp"])
        elif record["event"] == "Task completed" and "duration_ms" in record:
            took = datetime.fromisoformat(record["timestamp"]) - datetime.fromisoformat(first[task])
            record["duration_ms"] = took.total_seconds() * 1_000
    assert {name for name, _ in found([encoded(record) for record in sample])} == {"DONE006"}


# What is told of a task that does not run


@pytest.mark.parametrize("logger", ["celery.worker.strategy", "app.signals", "django_structlog.celery.receivers"])
def test_what_is_told_before_a_task_runs_needs_no_operation(logger: str) -> None:
    """That its message was received, and that it was published again, are no records of an execution."""
    lines = []
    for record in records():
        mention = {name: record[name] for name in ("timestamp", "level", "service")} | {"logger": logger}
        if record["event"] == "Task starting":
            lines.append(encoded({**mention, "event": "Message received", "task_id": record["task_id"]}))
        lines.append(encoded(record))
        if record["event"] in ("Task failed, retrying", "Task completed"):
            lines.append(encoded({**mention, "event": "Message acknowledged", "task_id": record["task_id"]}))
    assert found(lines) == []
    for size in (15, len(lines) - 7):
        assert found(lines[:size]) == []
    data = b"".join(lines)
    assert told_in_parts(data) == told(at_once(data))


def told_in_parts(data: bytes) -> object:
    return told(in_parts(data, [30_000, 90_000]))


# What is no log at all


def test_an_array_of_records_is_no_piece_of_one() -> None:
    """An export as one JSON array has no line that is a record; it was not cut."""
    assert found([b"[" + b", ".join(line.rstrip() for line in whole()[:5]) + b"]"]) == [("FMT001", 1)]


@pytest.mark.parametrize("piece", [b"abc", b'"tenant_id"]', b'"task_id": "a"}'])
def test_a_piece_of_a_record_passes_nothing(piece: bytes) -> None:
    """What cannot be read was not checked, whatever it was cut from."""
    verdict = judge_stream(readings("0.log", [piece]))
    assert verdict.findings == []
    assert {name for name, count in verdict.counts.items() if count.checked} == set()
