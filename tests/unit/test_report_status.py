"""Counts become statuses, statuses a verdict, a verdict an exit code."""

from __future__ import annotations

from typing import Any

import pytest

from logconform.findings import Count
from logconform.report.status import exit_code, floor_percent, prevalence, status_of, tally, verdict_of
from tests.unit.test_report_model import WAIVER, finding, report, verdict

STATUS_TABLE = [
    ("MUST", Count(), "not_tested"),
    ("MUST", Count(checked=1), "passed"),
    ("MUST", Count(undecided=1), "inconclusive"),
    ("MUST", Count(checked=1, undecided=9), "passed"),
    ("MUST", Count(violations=1), "violated"),
    ("MUST", Count(checked=9, violations=1, undecided=9), "violated"),
    ("SHOULD", Count(), "not_tested"),
    ("SHOULD", Count(checked=1), "passed"),
    ("SHOULD", Count(undecided=1), "inconclusive"),
    ("SHOULD", Count(checked=9, violations=1, undecided=9), "warned"),
]


@pytest.mark.parametrize(("level", "count", "status"), STATUS_TABLE)
def test_a_status_follows_from_level_and_count(level: str, count: Count, status: str) -> None:
    """Violations go first, then decided checks, then undecided ones."""
    assert status_of(level, count) == status


def entry(level: str, status: str, checked: int = 1) -> dict[str, Any]:
    violations = 1 if status in {"violated", "warned", "waived"} else 0
    return {"level": level, "status": status, "checked": checked, "violations": violations}


PASSED = entry("MUST", "passed")
VERDICT_TABLE = [
    ([], False, "nothing_tested"),
    ([entry("MUST", "not_tested", 0)], False, "nothing_tested"),
    ([entry("MUST", "inconclusive", 0)], False, "nothing_tested"),
    ([entry("MUST", "not_tested", 0)], True, "nothing_tested"),
    ([PASSED], False, "conforms"),
    ([PASSED], True, "does_not_conform"),
    ([PASSED, entry("MUST", "not_tested", 0)], False, "conforms"),
    ([PASSED, entry("SHOULD", "warned")], False, "conforms"),
    ([PASSED, entry("MUST", "waived")], False, "conforms"),
    ([PASSED, entry("MUST", "inconclusive", 0)], False, "inconclusive"),
    ([PASSED, entry("SHOULD", "inconclusive", 0)], False, "conforms"),
    ([PASSED, entry("MUST", "violated"), entry("MUST", "inconclusive", 0)], False, "does_not_conform"),
    ([entry("MUST", "violated", 0)], False, "does_not_conform"),
    ([entry("SHOULD", "warned", 0)], False, "conforms"),
    ([entry("MUST", "waived", 0)], False, "conforms"),
]


@pytest.mark.parametrize(("requirements", "stale", "expected"), VERDICT_TABLE)
def test_a_verdict_follows_from_the_statuses(requirements: list[dict[str, Any]], stale: bool, expected: str) -> None:
    """One violated MUST decides; nothing checked is a verdict of its own; a MUST left open is another."""
    assert verdict_of(requirements, stale_waivers=stale) == expected


EXIT_TABLE = [
    ("conforms", verdict(FMT001=(1, 0)), {"violation": 0, "warning": 0, "none": 0}),
    ("conforms, with a warning", verdict(finding("FMT008"), FMT001=(1, 0)), {"violation": 0, "warning": 1, "none": 0}),
    ("does not conform", verdict(finding()), {"violation": 1, "warning": 1, "none": 0}),
    ("nothing tested", verdict(), {"violation": 3, "warning": 3, "none": 3}),
    ("inconclusive", verdict(FMT001=(1, 0), RETRY003=(0, 1)), {"violation": 3, "warning": 3, "none": 3}),
    ("a warning not judged", verdict(finding("TRACE001"), FMT001=(1, 0)), {"violation": 0, "warning": 0, "none": 0}),
]


@pytest.mark.parametrize(("name", "found", "codes"), EXIT_TABLE)
def test_an_exit_code_follows_from_the_report(name: str, found: Any, codes: dict[str, int]) -> None:
    """Nothing tested never exits with 0, whatever counts as a failure."""
    made = report(found)
    assert {fail_on: exit_code(made, fail_on) for fail_on in codes} == codes


def test_a_stale_waiver_exits_with_1() -> None:
    """A waiver that covers nothing fails the run."""
    assert exit_code(report(verdict(RETRY003=(1, 0)), waivers=[WAIVER])) == 1


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(9_997, 10_000, 99), (1, 3, 33), (2, 3, 66), (5, 5, 100), (0, 7, 0), (0, 0, 0)]
)
def test_percentages_are_rounded_down(part: int, whole: int, percent: int) -> None:
    """99.97 % is 99 %: only all of it is 100 %."""
    assert floor_percent(part, whole) == percent


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (Count(), None),
        (Count(undecided=3), None),
        (Count(checked=3), 0.0),
        (Count(checked=4_803, violations=12), 0.0024),
        (Count(checked=10_000_000, violations=1), 0.0001),
        (Count(checked=10_000_000, violations=9_999_999), 0.9999),
        (Count(checked=3, violations=3), 1.0),
        (Count(violations=2), 1.0),
        (Count(checked=1, violations=2), 1.0),
    ],
)
def test_a_prevalence_is_rounded_down_to_four_decimals(count: Count, expected: float | None) -> None:
    """It is 0 only without a violation, 1 only where nothing held, and unknown where nothing was checked."""
    assert prevalence(count) == expected


def test_a_tally_names_every_status() -> None:
    """What did not occur is told as 0."""
    assert tally([PASSED, PASSED, entry("SHOULD", "warned")]) == {
        "passed": 2,
        "violated": 0,
        "warned": 1,
        "not_tested": 0,
        "inconclusive": 0,
        "waived": 0,
    }
