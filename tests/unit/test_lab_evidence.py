"""What a worker wrote: found by text, and judged for no more than was kept of it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logconform.config import Config
from logconform.contract import load_contract
from logconform.findings import Finding, Verdict
from logconform.lab import outcome
from logconform.lab.audits import completion, content, failure, retry, sink
from logconform.lab.audits import context as audits_context
from logconform.lab.evidence import Log, Seen, Sent
from logconform.lab.run import Conclusion, LabRun, Planned, Settings
from logconform.lab.truth import Truth
from logconform.records import Place, Reading, read_line

HERE = "prefork-embedded"


def lines(*raw: bytes) -> list[Reading]:
    return [read_line(each + b"\n", Place("-", number, number * 100)) for number, each in enumerate(raw, 1)]


def concluded(log: Log, *checks: Finding | None, requirement: str = "START001", error: str | None = None) -> Conclusion:
    run = LabRun(load_contract(), Settings("app:app", Path(), None, ("prefork",), ("embedded",), Config()))
    run.planned = {"node": Planned(requirement, "Start", "", "a task starts", (), HERE)}
    trace: Any = SimpleNamespace(error=error, blocked=None)
    lab: Any = SimpleNamespace(seen=lambda _trace: SimpleNamespace(log=log))
    run.traces, run.labs = {"node": trace}, {HERE: lab}
    return run.conclude("node", checks)


def test_a_finding_without_remedy_gets_the_one_that_its_requirement_has() -> None:
    """From the rule or the schema; its own comes first."""
    assert (
        "= fix: Write `Task starting` once, from the `task_prerun`"
        in concluded(Log([], Verdict()), Finding("", "0 records")).text
    )
    assert "= fix: Do.\n" in concluded(Log([], Verdict()), Finding("", "0 records", fix="Do.")).text


def test_a_worker_that_does_not_go_on_is_told_what_to_do() -> None:
    """Where its task was waited for in vain, that is the finding, with a remedy of its own."""
    conclusion = concluded(Log([], Verdict()), requirement="FMT011", error="waited 10 s for the end of a task")
    assert "FMT011 violation: waited 10 s for the end of a task" in conclusion.text
    assert "= fix: Bound what is encoded" in conclusion.text


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


def of_three(folder: Path) -> Truth:
    """What happened: a task long over, one that was over at 5.0, a message that no task took, and one from 7.0 on."""
    events = [
        {"kind": kind, "at": at, "pid": 1, "task_id": task_id, "task": "t", "retries": 0, "state": "SUCCESS"}
        for task_id, began, ended in (("old", 1.0, 2.0), ("before", 4.0, 5.0), ("after", 7.0, 8.0))
        for kind, at in (("prerun", began), ("postrun", ended))
    ]
    (folder / "oracle").write_text("".join(f"{json.dumps(event)}\n" for event in events), "utf-8")
    truth = Truth(folder / "oracle")
    truth.refresh()
    return truth


REPORTS = [
    ("outside any task", "Lost", {}, True),
    ("under the id of a task that was over", "Lost", {"task_id": "old"}, True),
    ("under the id of the last one", "Lost", {"task_id": "before"}, True),
    ("for another task, late", "Task failed", {"task_id": "old"}, False),
    ("by the next one", "Lost", {"task_id": "after"}, False),
]


@pytest.mark.parametrize("names", [None, "unregistered.q9"])
@pytest.mark.parametrize(("_how", "event", "context", "counts"), REPORTS)
def test_a_fault_is_reported_under_whichever_context(
    _how: str, event: str, context: dict[str, str], counts: bool, names: str | None, tmp_path: Path
) -> None:
    """A leak is CTX005's matter: the fault is reported all the same. What tells of another task reports nothing."""
    written = {"timestamp": "1970-01-01T00:00:06.000000Z", "level": "error", "event": event, **context}
    told = json.dumps({**written, "name": names} if counts else written).encode()
    parts = [(role, [Sent(role, f"q{role}", "t", {})]) for role in ("before", "after")]
    message = Sent("lost", "canary", "?", {"kind": "it", "canary": "canary", "names": names})
    log = Log(lines(b'{"event": "a", "task_id": "before"}', told, b'{"event": "b", "task_id": "after"}'), Verdict())
    stage = Seen(log, of_three(tmp_path), "solo", {**dict(parts), "message": [message]})
    found = [each and each.message for each in content.fault_is_reported(stage)]
    assert found == [None if counts else "no record at error or critical tells of it"]


BOUND = [
    ("nothing", {}, [None]),
    ("another task's tenant, which CTX005 judges", {"tenant_id": "acme"}, []),
    ("a text for none", {"tenant_id": "None"}, ['tenant_id is "None", but the task was given none']),
    ("a number for none", {"tenant_id": "0"}, ['tenant_id is "0", but the task was given none']),
    ("a mapping for none", {"tenant_id": {}}, ["tenant_id is {}, but the task was given none"]),
]


@pytest.mark.parametrize(("_what", "context", "expected"), BOUND)
def test_what_stands_for_an_absent_tenant(
    _what: str, context: dict[str, Any], expected: list[str | None], tmp_path: Path
) -> None:
    """Anything does, but for the tenant of another task: that one crossed over, and only CTX005 speaks of it."""
    calls = [("str", "acme"), ("int", "0"), ("str", "None")]
    events = [
        {"kind": "prerun", "at": 1.0, "task_id": text, "tenant_id": {"type": kind, "text": text}}
        for kind, text in calls
    ]
    (tmp_path / "oracle").write_text("".join(f"{json.dumps(event)}\n" for event in events), "utf-8")
    truth = Truth(tmp_path / "oracle")
    truth.refresh()
    log = Log(lines(json.dumps({"event": "Task starting", "task_id": "3f1c", **context}).encode()), Verdict())
    found = audits_context.carries_no_identifier(Seen(log, truth, "solo", {"task": [Sent("3f1c", "q9", "t", {})]}))
    assert [each and each.message.partition(";")[0] for each in found] == expected


def of_one(folder: Path, **postrun: Any) -> Truth:
    """What happened: one task, which ended so, and failed where its state says that."""
    begun = {"kind": "prerun", "at": 1.0, "pid": 1, "task_id": "3f1c", "task": "t", "retries": 0}
    failed = {"kind": "failure", "at": 2.0, "pid": 1, "task_id": "3f1c", "error": {"type": "ValueError", "text": "x"}}
    ended = {"kind": "postrun", "at": 2.0, "pid": 1, "task_id": "3f1c", "task": "t", "retries": 0, **postrun}
    events = [begun, *([failed] if postrun["state"] == "FAILURE" else []), ended]
    (folder / "oracle").write_text("".join(f"{json.dumps(event)}\n" for event in events), "utf-8")
    truth = Truth(folder / "oracle")
    truth.refresh()
    return truth


@pytest.mark.parametrize(("told", "found"), [(True, [None]), (False, [True]), ("true", []), (None, [])])
def test_a_flag_that_is_none_is_not_compared(told: object, found: list[Any], tmp_path: Path) -> None:
    """DONE003 asks whether the flag is right; that there is one, true or false, is DONE002's matter."""
    record = {"event": "Task completed", "task_id": "3f1c", "state": "SUCCESS", "has_return_value": told}
    log = Log(lines(json.dumps(record).encode()), Verdict())
    sent = Sent("3f1c", "q9", "t", {})
    checks = completion.return_values_are_told(
        Seen(log, of_one(tmp_path, state="SUCCESS", returned=True), "solo", {"task": [sent]})
    )
    assert [check and True for check in checks] == found


@pytest.mark.parametrize(("times", "found"), [(0, [True]), (1, [None]), (2, [None])])
def test_a_failure_that_is_told_twice_is_recorded(times: int, found: list[Any], tmp_path: Path) -> None:
    """FAIL005 asks whether it is there at all; that it is there once is FAIL001's matter."""
    log = Log(lines(*[b'{"event": "Task failed", "task_id": "3f1c"}'] * times), Verdict())
    sent = Sent("3f1c", "q9", "t", {})
    checks = failure.failure_is_recorded(
        Seen(log, of_one(tmp_path, state="FAILURE", returned=False), "solo", {"task": [sent]})
    )
    assert [check and True for check in checks] == found


CAUSES = [("cause of probe q9 \n effect of probe q9", [None]), ("effect of probe q9", [True]), ("", []), (None, [])]


@pytest.mark.parametrize(("exception", "found"), CAUSES)
def test_causes_are_sought_in_a_traceback_that_is_there(exception: object, found: list[Any], tmp_path: Path) -> None:
    """FAIL004 asks what the traceback shows; that there is one is FAIL002's matter."""
    record = {"event": "Task failed", "task_id": "3f1c", "exception": exception}
    log = Log(lines(json.dumps(record).encode()), Verdict())
    truth = of_one(tmp_path, state="FAILURE", returned=False)
    checks = failure.causes_are_told(Seen(log, truth, "solo", {"task": [Sent("3f1c", "q9", "t", {})]}))
    assert [check and True for check in checks] == found


def test_a_library_is_heard_under_any_name(tmp_path: Path) -> None:
    """FMT013 asks for its records; a logger may be called after the module that spoke, as loguru does."""
    written = [{"logger": "app.module", "event": "Library spoke of q9"}, {"event": "Library warns in probe q9"}]
    log = Log(lines(*(json.dumps(each).encode() for each in written)), Verdict())
    truth = of_one(tmp_path, state="SUCCESS", returned=False)
    stage = Seen(log, truth, "solo", {"task": [Sent("3f1c", "q9", "t", {})]})
    assert [*content.libraries_speak_the_same(stage)] == [None, None]


COUNTS = [
    ("each once", [0, 1], [None]),
    ("each twice, which is RETRY001's matter", [0, 0, 1, 1], [None]),
    ("one that never grows", [0, 0], [True]),
    ("one that never grows, twice", [0, 0, 0, 0], [True]),
    ("from one on", [1, 2], [True]),
    ("something that is no number", [{}, []], [True]),
]


@pytest.mark.parametrize(("_how", "counts", "found"), COUNTS)
def test_retries_are_counted_however_often_they_are_told(
    _how: str, counts: list[Any], found: list[Any], tmp_path: Path
) -> None:
    """RETRY002 asks what is counted."""
    ran = {"task_id": "3f1c", "at": 1.0, "pid": 1, "task": "t"}
    events = [
        {"kind": kind, "retries": number, "state": "RETRY", **ran}
        for number in (0, 1)
        for kind in ("prerun", "postrun")
    ]
    (tmp_path / "oracle").write_text("".join(f"{json.dumps(event)}\n" for event in events), "utf-8")
    truth = Truth(tmp_path / "oracle")
    truth.refresh()
    told = [{"event": "Task failed, retrying", "task_id": "3f1c", "retry_count": count} for count in counts]
    log = Log(lines(*(json.dumps(each).encode() for each in told)), Verdict())
    checks = retry.retries_are_counted(Seen(log, truth, "solo", {"task": [Sent("3f1c", "q9", "t", {})]}))
    assert [check and True for check in checks] == found


INNER = {"task_id": "in", "tenant_id": "ghost", "operation": "task.t.inner"}
NESTED = [
    ("its own context", "logconform.probe", INNER, None),
    (
        "no tenant",
        "logconform.probe",
        {"tenant_id": None},
        'a record of the nested task has tenant_id missing, not "ghost"',
    ),
    ("no tenant, as a library", "logconform.library.qin", {"tenant_id": None}, None),
    (
        "the outer operation",
        "logconform.probe",
        {"operation": "task.t.outer"},
        'a record of the nested task carries operation "task.t.outer" of the outer one',
    ),
]


@pytest.mark.parametrize(("_what", "logger", "wrong", "found"), NESTED)
def test_a_nested_task_has_a_context_of_its_own(
    _what: str, logger: str, wrong: dict[str, Any], found: str | None, tmp_path: Path
) -> None:
    """What is wrong only there speaks against CTX008; what a library's records lack, they lack in any task."""
    event = {"kind": "prerun", "at": 1.0, "task_id": "in", "probe": "qin", "task": "t.inner", "retries": 0}
    (tmp_path / "oracle").write_text(f"{json.dumps(event)}\n", "utf-8")
    truth = Truth(tmp_path / "oracle")
    truth.refresh()
    outer, inner = Sent("out", "qout", "t.outer", {}), Sent("in", "qin", "t.inner", {"tenant_id": "ghost"})
    members = {name: value for name, value in {**INNER, **wrong}.items() if value is not None}
    written = [
        {"event": "Probe working", "task_id": "out", "probe": "qout", "point": "before"},
        {"event": "Probe working", "logger": logger, "probe": "qin", **members},
        {"event": "Probe working", "task_id": "out", "probe": "qout", "point": "after"},
    ]
    log = Log(lines(*(json.dumps(each).encode() for each in written)), Verdict())
    checks = [*audits_context.nested_tasks_keep_apart(Seen(log, truth, "solo", {"outer": [outer], "inner": [inner]}))]
    assert [check.message for check in checks if check] == ([found] if found else [])


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


UNSEEN = {
    "nothing": ([], [], ""),
    "to standard error": ([], [b"Task starting"], ": the worker writes to standard error, and its log stream"),
    "fields dropped": ([b'{"event": "Probe working"}'], [], ": what a call gives as `extra` is in no record; name"),
    "fields kept": ([b'{"event": "Probe working"}', b'{"event": "Probe working", "extra": {"probe": "q1"}}'], [], ""),
    "another format": ([b'{"message": "Probe working"}'], [], ""),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_why_nothing_could_be_seen_is_told(case: str) -> None:
    """Where all of the log says so."""
    written, aside, told = UNSEEN[case]
    view = Seen(Log(lines(*written), Verdict(), stderr=lines(*aside)), Truth(Path("never written")), "solo", {})
    assert outcome.unseen(view).startswith(f"no record in the log that this could be seen on{told}")
    assert outcome.unseen(None) == outcome.unseen(Seen(Log([], Verdict()), view.truth, "solo", {}))


def test_a_countdown_that_is_missing_is_not_null(tmp_path: Path) -> None:
    """The message tells the two apart, as those of the schemas do."""
    retried = b'{"event": "Task failed, retrying", "task_id": "3f1c"%s}'
    told = {}
    for member in (b"", b', "countdown": null'):
        log = Log(lines(retried % member), Verdict())
        seen = Seen(log, Truth(tmp_path / "oracle"), "solo", {"task": [Sent("3f1c", "q1", "logconform.probe.retry")]})
        [finding] = retry.countdown_is_told(seen)
        told[member] = finding.message
    assert list(told.values()) == ["countdown is missing", "countdown is null"]
