"""What counts as one fault: the same on a service that stays the same, more with a new one."""

from __future__ import annotations

import pytest

from logconform.findings import Finding
from logconform.lab.faults import FAULTS_KEPT, Faults, fault_of, form_of, most
from logconform.records import Place

PRINTED = "what Celery prints at start and shutdown"
FORMS = [
    (b"[2026-03-01 12:00:00,123: INFO/MainProcess] Task shop.pay[3f1c] received", 'lines like "[<time>: <level>"'),
    (b"[2026-03-01 12:00:07,001: ERROR/ForkPoolWorker-2] gone", 'lines like "[<time>: <level>"'),
    (b"2026-03-01 12:00:00,123 - shop.tasks - INFO - charging", 'lines like "<time> - … - <level>"'),
    (b"2026-03-01 12:00:00,123 - shop.mail - WARNING - slow", 'lines like "<time> - … - <level>"'),
    (b"2026-03-01T12:00:00Z INFO     shop.tasks charging", 'lines like "<time> <level>"'),
    (b"2026-03-01T12:00:00.5+01:00 charging order 7", 'lines like "<time>"'),
    (b"12:00:00 [info    ] charging", 'lines like "<time> <level>"'),
    (b"\x1b[32mINFO\x1b[0m: charging", 'lines like "<level>"'),
    (b"ERROR:shop.tasks:no address", 'lines like "<level>"'),
    (b"2026-03-01 12:00:00 one two three four five ERROR", 'lines like "<time>"'),
    (b"charging 'acme' 12.50 with 9b2f6c1e-5d0a-4f7b-8c3e-2a1d4e6f7081", 'lines like "charging … … with …"'),
    (b"mailing 'acme'", 'lines like "mailing …"'),
    (b"by standard in q0123456789a", 'lines like "by standard in …"'),
    (b"password=hunter2 is wrong", 'lines like "password=[redacted] is wrong"'),
    (b"", "blank lines"),
    (b"  \n", "blank lines"),
    (b'  File "tasks.py", line 7, in pay', "indented lines"),
    (b"Traceback (most recent call last):", "tracebacks"),
    (b"shop.errors.CardError: refused", "tracebacks"),
    (b"ValueError", "tracebacks"),
    (b" -------------- celery@host v5.5.3 (immunity)", PRINTED),
    (b"--- ***** ----- ", PRINTED),
    (b"- ** ---------- .> app:         shop:0x7f", PRINTED),
    (b"                .> celery           exchange=celery(direct) key=celery", PRINTED),
    (b"[tasks]", PRINTED),
    (b"  . shop.tasks.charge", PRINTED),
    (b"worker: Warm shutdown (MainProcess)", PRINTED),
]


@pytest.mark.parametrize(("line", "form"), FORMS)
def test_a_line_that_is_no_record_has_a_form(line: bytes, form: str) -> None:
    """The layout tells lines of a logger apart, and words those without one; what varies does not."""
    assert form_of(line) == form


def test_a_long_line_is_told_by_its_beginning() -> None:
    """A form is short, whatever was printed."""
    assert form_of(b"word " * 100) == f'lines like "{("word " * 12)[:60]}…"'


FINDINGS = [
    (Finding("FMT001", "is not JSON", raw=b"hello 7\n"), 'lines like "hello …"'),
    (Finding("FMT001", "is not ended", raw=b'{"a": 1}', shape="is not ended (byte …)"), "is not ended (byte …)"),
    (Finding("FMT004", "level is 'WARN'", logger="shop", event="Paid 7"), "shop: level is …"),
    (Finding("FMT004", "level is 'WARN'", logger="shop", event="Mailed"), "shop: level is …"),
    (Finding("FMT004", "level is 'WARN'", logger="celery.app.trace", event="x"), "Celery's loggers: level is …"),
    (Finding("FMT004", "level is 'WARN'", logger="kombu.connection"), "Celery's loggers: level is …"),
    (Finding("FMT004", "level is 'WARN'", logger="celery.task"), "celery.task: level is …"),
    (Finding("FMT004", "level is 'WARN'", logger="celeryish.tasks"), "celeryish.tasks: level is …"),
    (Finding("DONE002", "no state", logger="shop", event="Task completed"), "shop, Task completed: no state"),
    (Finding("FMT003", "no time", logger="logconform.library.q0123456789a.standard"), "…"),
]


@pytest.mark.parametrize(("finding", "fault"), FINDINGS)
def test_a_finding_is_one_of_a_fault(finding: Finding, fault: str) -> None:
    """Logger and kind make the fault; the event does only in lifecycle records, and values never."""
    told = fault_of(finding)
    assert told == (fault if fault != "…" else "logconform.library.….standard: no time")


def test_the_same_fault_counts_once_and_another_counts_again() -> None:
    """However often a fault occurs, in whichever line, it is one."""
    faults = Faults()
    for line in range(3):
        place = Place("stdout", line, line)
        faults.note(Finding("FMT001", "is not JSON", place, raw=b"[2026-03-01 12:00:00,123: INFO/x] task %d" % line))
    assert {name: len(found) for name, found in faults.found.items()} == {"FMT001": 1}
    faults.note(Finding("FMT001", "is not JSON", raw=b"a forgotten print"))
    faults.note_all("FMT001-2cff Tasks end", [Finding("FMT001", "one"), Finding("FMT001", "two")])
    faults.note_all("SINK001-0001 A task speaks", [Finding("SINK001", "written 2 times"), Finding("SINK001", "lost")])
    assert {name: len(found) for name, found in faults.found.items()} == {"FMT001": 3, "SINK001": 2}


def test_only_what_counts_as_a_finding_is_noted() -> None:
    """What the lab does not hold against a subject is no fault either."""
    faults = Faults()
    wanted = faults.noting(lambda finding: finding.message != "provoked")
    assert [wanted(Finding("FMT003", message)) for message in ("provoked", "wrong")] == [False, True]
    assert faults.found == {"FMT003": {"wrong"}}


def test_faults_without_end_are_bounded() -> None:
    """A service that prints ever new words costs no memory without end."""
    faults = Faults()
    for number in range(FAULTS_KEPT + 50):
        faults.note(
            Finding("FMT001", "is not JSON", raw=f"{'x' * (number % 40 + 1)} {'y' * (number // 40 + 1)}".encode())
        )
    assert len(faults.found["FMT001"]) == FAULTS_KEPT


def test_of_several_runs_the_one_with_most_counts() -> None:
    """What two runs found is not added up: neither had as many."""
    one, other = {"A": {"1", "2"}, "B": {"1"}}, {"A": {"3"}, "B": {"2", "3"}}
    assert most(one, other) == {"A": {"1", "2"}, "B": {"2", "3"}}
