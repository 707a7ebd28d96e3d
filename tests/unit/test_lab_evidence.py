"""What a worker wrote: found by text, and judged for no more than was kept of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from logconform.config import Config
from logconform.contract import load_contract
from logconform.findings import Finding, Verdict
from logconform.lab.evidence import Log
from logconform.lab.run import Conclusion, LabRun, Planned, Settings
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
