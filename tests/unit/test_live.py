"""Judging a stream as it comes: the verdict of the whole, findings in time, memory for what is in flight."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

import pytest

from logconform.check.live import LiveJudge
from logconform.check.live_tasks import TASK_BYTES, Ended, Recent
from logconform.findings import Finding
from logconform.judge import judge_stream
from logconform.records import Place, Reading, read_line, read_stream
from tests.unit.sample_generator import FULL, STYLES, Sample, encoded
from tests.unit.test_samples import BREAKS, Case

BEFORE_IT_IS_KNOWN = {"RETRY002"}
"""That this service's starts count retries shows only later in the sample, when the task was let go."""


def readings_of(data: bytes) -> Iterable[Reading]:
    return read_stream(io.BytesIO(data), "log")


def told(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    return [(each.requirement, each.place.line if each.place else 0) for each in findings]


class Stream:
    """A stream that is judged as it is written: one task's records at chosen times."""

    def __init__(self, judge: LiveJudge | None = None) -> None:
        self.judge = judge or LiveJudge()
        self.line = 0
        self.offset = 0
        self.began: dict[str, float] = {}

    def reading(self, at: float, event: str, task: str | None = "t1", **fields: Any) -> Reading:
        base = {"timestamp": f"2025-09-12T{20 + int(at) // 3600:02}:{int(at) // 60 % 60:02}:{at % 60:09.6f}Z"}
        base |= {"level": "info", "service": "worker", "logger": "app.signals", "event": event}
        context = {"task_id": task, "operation": "task.sync"} if task else {}
        return self.raw(json.dumps({**base, **context, **fields}).encode() + b"\n")

    def raw(self, raw: bytes) -> Reading:
        self.line, self.offset = self.line + 1, self.offset + len(raw)
        return read_line(raw, Place("log", self.line, self.offset - len(raw)))

    def write(self, at: float, event: str, task: str | None = "t1", **fields: Any) -> list[tuple[str, int]]:
        return told(self.judge.see(self.reading(at, event, task, **fields)))

    def start(self, at: float, task: str = "t1", **fields: Any) -> list[tuple[str, int]]:
        self.began[task] = at
        return self.write(at, "Task starting", task, task_name="sync", args_count=0, kwargs_keys=[], **fields)

    def complete(self, at: float, task: str = "t1", **fields: Any) -> list[tuple[str, int]]:
        known = {"task_name": "sync", "state": "SUCCESS", "has_return_value": False}
        known["duration_ms"] = round(1_000 * (at - self.began.get(task, 0)), 3)
        return self.write(at, "Task completed", task, **known, **fields)

    def idle(self, at: float) -> list[tuple[str, int]]:
        return self.write(at, "Queue inspected", None)

    def tick(self, now: float) -> list[tuple[str, int]]:
        return told(self.judge.tick(now))


# The same as on the whole


@pytest.mark.parametrize("seed", range(28))
def test_the_verdict_is_that_of_the_whole_stream(seed: int) -> None:
    """Whatever the style, what is counted and found at the end is what one pass over the whole sample gives."""
    sample = Sample(seed, STYLES[seed % len(STYLES)], slots=1 + seed % 8, tasks=(3, 12, 40, 100)[seed % 4])
    data = b"".join(sample.lines())
    judge = LiveJudge()
    for reading in readings_of(data):
        judge.see(reading)
    assert judge.close() == judge_stream(readings_of(data))


@pytest.mark.parametrize("name", sorted(BREAKS.keys() - BEFORE_IT_IS_KNOWN))
def test_a_fault_is_found_as_in_the_whole_stream(name: str) -> None:
    """Each fault is found, at its line, and counts as it does where the stream is judged at once."""
    case = Case()
    BREAKS[name](case)
    judge = LiveJudge()
    for reading in readings_of(case.data()):
        judge.see(reading)
    assert judge.close() == judge_stream(readings_of(case.data()))


# When a task is judged


def test_a_form_is_judged_at_once() -> None:
    """What one line shows is told with that line."""
    stream = Stream()
    assert stream.write(0, "Working", None, level="notice") == [("FMT004", 1)]
    assert told(stream.judge.see(stream.raw(b"a banner\n"))) == [("FMT001", 2)]


def test_a_task_is_judged_two_seconds_of_its_log_after_it_ended() -> None:
    """Its last records may still come in another order; then nothing is waited for any more."""
    stream = Stream()
    stream.start(0)
    stream.write(0.5, "Task failed", level="warning", task_name="sync", error="E: x", exception="E: x")
    assert stream.idle(1) == []
    assert stream.idle(2) == []
    assert stream.idle(3) == []  # one time alone says nothing about the time
    assert stream.idle(3) == [("FAIL001", 2)]
    assert stream.judge.in_flight == 0


def test_a_task_is_judged_five_seconds_after_it_ended_where_nothing_follows() -> None:
    """On an idle stream the clock decides."""
    stream = Stream()
    stream.tick(100)
    stream.start(0)
    stream.complete(1, level="warning")
    assert stream.tick(104.9) == []
    assert stream.tick(105.1) == [("DONE002", 2)]


def test_a_task_is_judged_a_thousand_lines_after_it_ended() -> None:
    """Where no line tells a time, their number decides."""
    stream = Stream()
    stream.start(0)
    stream.complete(1, level="warning")
    line = stream.raw(b'{"event": "x"}\n')
    findings = [told(stream.judge.see(line)) for _ in range(1_000)]
    assert ("DONE002", 2) in findings[-1]
    assert not any(("DONE002", 2) in each for each in findings[:-1])


def test_an_ending_that_the_body_borrowed_ends_nothing() -> None:
    """A task whose own logger says `Task completed` is still running, and its real ending is no second one."""
    stream = Stream()
    stream.start(0)
    stream.write(1, "Working", logger="app.body")
    stream.write(2, "Task completed", logger="app.body", operation="sync.step", duration_ms=1, memory_used_mb=1)
    stream.idle(9)
    stream.idle(9)
    assert stream.judge.in_flight == 1
    stream.complete(10)
    stream.tick(20)
    assert stream.judge.in_flight == 0
    assert stream.judge.close().findings == []


# What comes late


def test_a_second_ending_is_a_finding_however_late() -> None:
    """A task that ended is remembered: its second completion is told once, and counted once."""
    stream = Stream()
    stream.start(0)
    stream.complete(1)
    stream.tick(10)
    assert stream.judge.in_flight == 0
    stream.complete(300)
    assert stream.tick(20) == [("DONE001", 3)]
    assert stream.tick(40) == []
    verdict = stream.judge.close()
    assert told(verdict.findings) == [("DONE001", 3)]
    assert verdict.counts["DONE001"].violations == 1


def test_what_celery_says_of_a_task_that_ended_is_nothing() -> None:
    """`Task succeeded`, from Celery's own logger, opens no task again."""
    stream = Stream()
    stream.start(0)
    stream.complete(1)
    stream.tick(10)
    stream.write(5, "Task succeeded", logger="celery.app.trace")
    assert stream.judge.in_flight == 0


def test_a_redelivered_task_is_held_against_its_first_execution() -> None:
    """A start long after the ending of a redelivered task is compared with what is remembered of it."""
    stream = Stream()
    stream.start(0)
    stream.complete(1)
    stream.tick(10)
    stream.start(600, redelivered=True)
    stream.complete(601)
    assert stream.tick(20) == [("LIFE003", 4)]


# Silence


def test_a_silent_task_is_told_once_by_the_clock() -> None:
    """Where nothing comes at all, the task is given up when the time is over; its late ending is no second fault."""
    stream = Stream(LiveJudge(task_timeout=60))
    stream.tick(0)
    stream.start(0)
    assert stream.tick(59) == []
    assert stream.tick(61) == [("LIFE004", 1)]
    assert stream.tick(200) == []
    stream.complete(300)
    assert stream.tick(300) == []
    assert told(stream.judge.close().findings) == [("LIFE004", 1)]


def test_a_silent_task_is_told_once_by_the_log() -> None:
    """Where others write on, the time in the log decides, however fast it is read."""
    stream = Stream(LiveJudge(task_timeout=60))
    stream.start(0)
    stream.idle(30)
    stream.idle(61)
    assert stream.tick(2) == []
    stream.idle(62)
    assert stream.tick(4) == [("LIFE004", 1)]
    assert stream.tick(6) == []


def test_a_task_that_speaks_again_is_not_told_a_second_time() -> None:
    """Given up and back again, and silent again: one fault, one finding."""
    stream = Stream(LiveJudge(task_timeout=60))
    stream.start(0)
    assert stream.tick(61) == [("LIFE004", 1)]
    stream.write(70, "Working", logger="app.body")
    assert [stream.tick(now) for now in (70, 140, 300)] == [[], [], []]
    assert stream.judge.close().counts["LIFE004"].violations == 1


def test_a_task_that_waits_for_its_retry_is_not_silent() -> None:
    """An execution that ended in a retry has an ending; the next one may take its time."""
    stream = Stream(LiveJudge(task_timeout=60))
    stream.start(0)
    retry = {"retry_count": 0, "max_retries": 3, "countdown": 7200, "error": "E: x"}
    stream.write(1, "Task failed, retrying", level="warning", task_name="sync", **retry)
    assert stream.tick(100) == []
    stream.start(7201, retry_count=1)
    stream.complete(7202)
    assert stream.tick(200) == []
    assert stream.judge.close().findings == []


# What was there before


def test_of_what_was_there_before_nothing_is_told() -> None:
    """Faults of earlier lines are not news; a task that runs on is judged for what it says from now on."""
    stream = Stream()
    before = [
        stream.reading(0, "Task starting", "old", task_name="sync", args_count=0, level="warning"),
        stream.reading(1, "Task completed", "old", task_name="sync", level="warning"),
        stream.reading(2, "Task starting", "t1", task_name="sync", args_count=0, kwargs_keys=["tenant_id"]),
        stream.raw(b"a banner\n"),
    ]
    for reading in before:
        stream.judge.remember(reading)
    stream.judge.begin()
    assert stream.judge.in_flight == 1
    stream.began["t1"] = 2
    assert stream.complete(3, level="warning") == []
    assert stream.tick(60) == [("DONE002", 5)]
    verdict = stream.judge.close()
    assert (verdict.counts["FMT001"].checked, verdict.counts["FMT001"].violations) == (1, 0)


# Memory


def test_memory_follows_the_tasks_in_flight() -> None:
    """After two hundred tasks nothing is held but what has just ended."""
    judge = LiveJudge()
    most = 0
    for reading in readings_of(b"".join(map(encoded, Sample(5, FULL, slots=4, plan=["succeed"] * 200).records))):
        judge.see(reading)
        most = max(most, judge.in_flight)
    assert most < 40


def test_a_task_that_writes_without_end_is_held_in_part() -> None:
    """Its body is not kept beyond a size, and that progress is missing then says nothing."""
    stream = Stream()
    stream.start(0)
    text = "x" * 8_000
    for number in range(TASK_BYTES // 8_000 + 20):
        stream.write(1 + number, "Working", logger="app.body", text=text)
    assert stream.judge._held < TASK_BYTES + 20_000
    stream.write(900, "Processing progress", logger="app.body", total_records=5, processed_records=5)
    stream.complete(901)
    assert stream.tick(60) == []


def test_where_too_many_tasks_run_the_longest_silent_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that never ends a task can't fill the memory; of what is let go nothing is claimed."""
    monkeypatch.setattr("logconform.check.live.HELD_BYTES", 20_000)
    stream = Stream()
    for number in range(500):
        assert stream.start(number / 1000, f"t{number}") == []
    assert stream.judge._held <= 20_000
    assert 0 < stream.judge.in_flight < 100


def test_what_ended_is_forgotten_in_the_order_of_ending() -> None:
    """The memory for ended tasks has an end; the latest are in it."""
    ended = Ended(limit=5_000)
    stream = Stream()
    stream.judge._ended = ended
    for number in range(50):
        stream.start(number * 10, f"t{number}")
        stream.complete(number * 10 + 1, f"t{number}")
    stream.tick(60)
    assert 0 < len(ended) < 10
    assert "t49" in ended
    assert "t0" not in ended


def test_what_is_put_again_is_not_forgotten() -> None:
    """A name that is in use stays known, however many came since it was first heard."""
    names = Recent[str, int](2)
    for name in ("acme", "globex", "acme", "initech"):
        names.put(name, 1)
    assert list(names) == ["acme", "initech"]
