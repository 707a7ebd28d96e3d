"""What a worker wrote: found by text, and judged for no more than was kept of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logconform.config import Config
from logconform.contract import load_contract
from logconform.findings import Finding, Verdict
from logconform.lab.audits import content, sink
from logconform.lab.evidence import Log, Seen, Sent
from logconform.lab.run import Conclusion, LabRun, Planned, Settings
from logconform.lab.truth import Truth
from logconform.records import Place, Reading, read_line

HERE = "prefork-embedded"


def lines(*raw: bytes) -> list[Reading]:
    return [read_line(each + b"\n", Place("-", number, number * 100)) for number, each in enumerate(raw, 1)]


def concluded(log: Log, *checks: Finding | None) -> Conclusion:
    run = LabRun(load_contract(), Settings("app:app", Path(), None, ("prefork",), ("embedded",), Config()))
    run.planned = {"node": Planned("START001", "Start", "", "a task starts", (), HERE)}
    trace: Any = SimpleNamespace(error=None, blocked=None)
    lab: Any = SimpleNamespace(seen=lambda _trace: SimpleNamespace(log=log))
    run.traces, run.labs = {"node": trace}, {HERE: lab}
    return run.conclude("node", checks)


def test_lines_are_found_by_what_stands_in_them() -> None:
    """Each once, in their order, records or not, and nothing across the end of a line."""
    readings = lines(b'{"event": "ab ab"}', b"no record: ab", b'{"event": "b"}', b'{"event": "a"}', b"b ab")
    log = Log(readings, Verdict())
    assert log.mentioning("ab") == [readings[0], readings[1], readings[4]]
    assert log.mentioning('"}\n{"') == []
    assert log.mentioning("nowhere") == []
    assert Log([], Verdict()).mentioning("ab") == []


def test_what_is_missing_from_a_cut_log_says_nothing() -> None:
    """It may stand in what was not kept; a record that is there speaks for itself."""
    missing, wrong = Finding("START001", "0 records"), Finding("START001", "has no task_name", Place("-", 1, 0))
    whole, cut = Log([], Verdict()), Log([], Verdict(), truncated=True)
    assert concluded(whole, missing).outcome == "violated"
    assert concluded(cut, missing).outcome == "inconclusive"
    assert concluded(cut, missing, wrong).outcome == "violated"
    assert concluded(cut, None).outcome == "passed"


def test_a_worker_that_writes_to_standard_error_alone_is_told() -> None:
    """Nothing is in the stream that could be judged; the reason says where it went."""
    nothing = "no record in the log that this could be seen on"
    assert concluded(Log([], Verdict())).reason == nothing
    assert concluded(Log(lines(b'{"event": "a"}'), Verdict(), stderr=lines(b"x"))).reason == nothing
    astray = concluded(Log(lines(b"worker: Warm shutdown"), Verdict(), stderr=lines(b"x")))
    assert (astray.outcome, astray.reason) == (
        "not_tested",
        f"{nothing}: the worker writes to standard error, and its log stream is standard output",
    )


def seen(log: Log, canary: str = "hunter2") -> Seen:
    sent = Sent("3f1c", "q0123456789a", "logconform.probe.secrets", {"canary": canary})
    return Seen(log, Truth(Path("never written")), "solo", {"task": [sent]}, broker_secret="rabbit")


WRITTEN = [
    ("a record", {"readings": lines(b'{"event": "hunter2", "url": "redis://:rabbit@h"}')}),
    ("a line of the console", {"readings": lines(b"[INFO] hunter2 redis://:rabbit@h")}),
    ("standard error", {"readings": [], "stderr": lines(b"[INFO] hunter2 redis://:rabbit@h")}),
    ("the log file", {"readings": lines(b"x"), "parts": [SimpleNamespace(readings=lines(b"hunter2 :rabbit@h"))]}),
]


@pytest.mark.parametrize(("_where", "written"), WRITTEN)
def test_a_secret_is_found_wherever_the_worker_writes_it(_where: str, written: Any) -> None:
    """It need not stand in a record: what is no record is read by as many people. The evidence does not show it."""
    log = Log(verdict=Verdict(), **written)
    found = [*content.no_secret(seen(log)), *content.no_broker_password(seen(log))]
    assert [each and each.message for each in found] == ["shows the value of a secret"] * 2
    assert not any("hunter2" in each.evidence for each in found[:1] if each)
    assert not any("rabbit" in each.evidence for each in found[1:] if each)


def test_text_that_names_the_task_shows_that_no_secret_is_written() -> None:
    """A service that logs plain text can keep its secrets, too; where nothing tells of the task, nothing was seen."""
    told = Log([], Verdict(), stderr=lines(b"[INFO] Task logconform.probe.secrets[3f1c] received"))
    assert [*content.no_secret(seen(told)), *content.no_broker_password(seen(told))] == [None, None]
    silent = Log([], Verdict())
    assert [*content.no_secret(seen(silent)), *content.no_broker_password(seen(silent))] == []


def test_plain_lines_are_written_twice_too() -> None:
    """What a library says is counted on the console as well, where it is no record."""
    told = [b"[WARNING] Library speaks by standard in q0123456789a"] * 2
    for log in (Log(lines(*told), Verdict()), Log([], Verdict(), stderr=lines(*told))):
        messages = [each.message for each in sink.written_once(seen(log)) if each]
        assert messages == ["what was said by standard is written 2 times"]


@pytest.mark.parametrize(("level", "told"), [("ERROR", True), ("critical", True), ("WARNING", False)])
def test_a_level_in_capitals_tells_of_a_fault(level: str, told: bool) -> None:
    """How it is spelled is FMT004's matter; that the worker says nothing at all would be another fault."""
    log = Log(lines(b'{"level": "%s", "event": "no such task: lost"}' % level.encode()), Verdict())
    message = Sent("3f1c", "q1", "lost", {"kind": "the unregistered task", "names": "lost", "canary": "hunter2"})
    beside = Sent("77aa", "q2", "logconform.probe.end")
    roles = {"message": [message], "before": [beside], "after": [beside]}
    found = content.fault_is_reported(Seen(log, Truth(Path("never written")), "solo", roles))
    messages = [each.message for each in found if each]
    assert ("no record at error or critical tells of the unregistered task" not in messages) == told


SPOKEN = {
    "by its logger": (b'{"logger": "logconform.library.q1", "event": "Library spoke of %s"}', []),
    "by what it says": (b'{"message": "Library spoke of q1"}', []),
    "on standard error": (
        b"WARNING Library spoke of q1",
        ["a record of a library's standard logger is not in the log stream; it went to standard error"],
    ),
}


@pytest.mark.parametrize("way", SPOKEN)
def test_a_librarys_record_is_known(way: str, tmp_path: Path) -> None:
    """Also in a format that writes no logger's name; and where else it went is told."""
    line, told = SPOKEN[way]
    truth = Truth(tmp_path / "oracle")
    (tmp_path / "oracle").write_text(
        '{"kind": "prerun", "at": 0, "pid": 1, "task_id": "3f1c", "retries": 0}\n', "utf-8"
    )
    truth.refresh()
    warned = b'{"event": "Library warns in probe q1"}'
    log = Log(lines(warned), Verdict(), stderr=lines(line)) if told else Log(lines(warned, line), Verdict())
    sent = Sent("3f1c", "q1", "logconform.probe.third_party")
    found = content.libraries_speak_the_same(Seen(log, truth, "solo", {"task": [sent]}))
    assert [each.message for each in found if each] == told
