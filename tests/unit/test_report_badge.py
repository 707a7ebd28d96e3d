"""The report as a badge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from logconform.config import Waiver
from logconform.report import render
from logconform.report.status import STATUSES
from tests.unit.test_report_model import finding, report, verdict


def badge(report: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render(report, "badge"))
    return made


def test_a_badge_is_exactly_this() -> None:
    """It has the four members that an endpoint for shields answers with, in one line."""
    made = render(report(verdict(FMT001=(1, 0), RETRY003=(1, 0))), "badge")
    assert made == '{"schemaVersion":1,"label":"logconform","message":"conforms","color":"brightgreen"}\n'


@pytest.mark.parametrize(
    ("passed", "violated", "waived", "message", "colour"),
    [
        (99, 1, 0, "99% of MUST hold", "yellow"),
        (9_999, 1, 0, "99% of MUST hold", "yellow"),
        (899, 101, 0, "89% of MUST hold", "orange"),
        (90, 5, 5, "90% of MUST hold", "yellow"),
        (69, 31, 0, "69% of MUST hold", "red"),
        (0, 3, 0, "0% of MUST hold", "red"),
    ],
)
def test_a_share_is_rounded_down(passed: int, violated: int, waived: int, message: str, colour: str) -> None:
    """One violation in ten thousand is never 100 %; what is waived does not hold either."""
    must = {**dict.fromkeys(STATUSES, 0), "passed": passed, "violated": violated, "waived": waived, "not_tested": 50}
    made = report()
    made["summary"] = {**made["summary"], "verdict": "does_not_conform", "must": must}
    assert (badge(made)["message"], badge(made)["color"]) == (message, colour)


@pytest.mark.parametrize(
    ("found", "message"), [(verdict(), "nothing tested"), (verdict(FMT001=(1, 0), RETRY003=(0, 1)), "inconclusive")]
)
def test_what_was_not_decided_is_grey(found: Any, message: str) -> None:
    """Nothing tested is never green."""
    assert (badge(report(found))["message"], badge(report(found))["color"]) == (message, "lightgrey")


def test_a_stale_waiver_is_told_where_all_hold() -> None:
    """A run that fails never shows 100 %."""
    made = badge(report(verdict(RETRY003=(1, 0)), waivers=[Waiver("RETRY003", "known")]))
    assert (made["message"], made["color"]) == ("stale waiver", "red")


def test_warnings_do_not_count() -> None:
    """A SHOULD that does not hold leaves the worker conforming."""
    assert badge(report(verdict(finding("FMT008"), FMT001=(1, 0))))["message"] == "conforms"
