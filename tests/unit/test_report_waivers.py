"""A waiver's count: what it covers, what is beyond it, and what it could do without."""

from __future__ import annotations

from typing import Any

import pytest

from logconform.config import Waiver
from logconform.report import Look, render
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, requirement, scenario, verdict

HERE, THERE = PREFORK.name, THREADS.name


def counted(found: int, *waivers: Waiver, **rest: Any) -> dict[str, Any]:
    """Return the report of a run with so many faults of RETRY003, and those waivers."""
    faults = {HERE: {"RETRY003": [f"fault {number}" for number in range(found)]}}
    return report(verdict(finding(), FMT001=(1, 0)), waivers=waivers, faults=faults, **rest)


def waiver(count: int | None, reason: str = "known", **rest: Any) -> Waiver:
    return Waiver("RETRY003", reason, count=count, **rest)


CASES = [
    (2, [waiver(2)], "waived", "conforms", 1, []),
    (2, [waiver(None)], "waived", "conforms", 1, []),
    (3, [waiver(2)], "violated", "does_not_conform", 0, []),
    (3, [waiver(2), waiver(1, "also")], "waived", "conforms", 2, []),
    (4, [waiver(2), waiver(1, "also")], "violated", "does_not_conform", 0, []),
    (9, [waiver(2), waiver(None, "also")], "waived", "conforms", 2, []),
    (2, [waiver(5)], "waived", "conforms", 1, [(5, 2)]),
    (1, [waiver(2), waiver(1, "also")], "waived", "conforms", 2, [(2, 1)]),
    (3, [waiver(2, environment="threads-*"), waiver(3)], "waived", "conforms", 1, []),
    (3, [waiver(2, environment="prefork-*"), waiver(1)], "waived", "conforms", 2, []),
]


@pytest.mark.parametrize(("found", "waivers", "status", "verdict_now", "resting", "loose"), CASES)
def test_a_count_is_held_against_what_was_found(
    found: int,
    waivers: list[Waiver],
    status: str,
    verdict_now: str,
    resting: int,
    loose: list[tuple[int, int]],
) -> None:
    """As many are covered; one more is a violation again; fewer are covered, and the report says so. Counts add up."""
    made = counted(found, *waivers, waivers_must_fire=True)
    assert (requirement(made, "RETRY003")["status"], made["summary"]["verdict"]) == (
        status,
        verdict_now if all(each.environment != "threads-*" for each in waivers) else "does_not_conform",
    )
    assert made["summary"]["waivers"] == resting
    assert [(each["count"], each["enough"]) for each in made["summary"]["waivers_loose"]] == loose


def test_what_is_beyond_a_waiver_is_told_with_all_faults() -> None:
    """Which of them is new nobody knows, so all are named; the waiver is not stale."""
    made = counted(3, waiver(2))
    part = requirement(made, "RETRY003")["environments"][HERE]
    assert part["reason"] == "3 faults now, 2 waived: what is new is among these"
    assert (part["faults"], part["faults_waived"]) == (["fault 0", "fault 1", "fault 2"], 2)
    assert requirement(made, "RETRY003")["reason"] == part["reason"]
    assert made["summary"]["waivers_stale"] == []


def test_each_environment_is_counted_by_itself() -> None:
    """A count is what is accepted in each environment; one that has more is violated alone."""
    faults = {HERE: {"RETRY003": ["a", "b"]}, THERE: {"RETRY003": ["a", "b", "c"]}}
    verdicts = {HERE: verdict(finding()), THERE: verdict(finding())}
    made = report(verdicts, [PREFORK, THREADS], waivers=[waiver(2)], faults=faults)
    parts = requirement(made, "RETRY003")["environments"]
    assert {name: part["status"] for name, part in parts.items()} == {HERE: "waived", THERE: "violated"}
    made = report(verdicts, [PREFORK, THREADS], waivers=[waiver(5)], faults=faults)
    assert [each["enough"] for each in made["summary"]["waivers_loose"]] == [3]


def test_a_sample_is_not_counted() -> None:
    """Where nobody counts faults, a count is not judged."""
    made = report(verdict(*(finding(line=line) for line in range(1, 9))), waivers=[waiver(1)])
    assert requirement(made, "RETRY003")["status"] == "waived"
    assert "faults" not in requirement(made, "RETRY003")["environments"][HERE]
    assert made["summary"]["waivers_loose"] == []


def test_a_part_of_the_suite_asks_for_no_lower_count() -> None:
    """It need not show every fault."""
    assert counted(1, waiver(5), waivers_must_fire=False)["summary"]["waivers_loose"] == []


def test_a_waiver_of_a_profile_that_is_not_judged_carries_no_verdict() -> None:
    """The verdict rests on waivers of what decides it."""
    made = report(verdict(finding("TRACE001"), FMT001=(1, 0)), waivers=[Waiver("TRACE001", "known")])
    assert made["summary"]["waivers"] == 0


BEYOND = [
    (
        "text",
        "\nRETRY003 beyond its waiver: 3 faults now, 2 waived: what is new is among these\n"
        "   - fault 0\n   - fault 1\n   - fault 2\n",
    ),
    ("markdown", "\n- **beyond its waiver:** RETRY003 3 faults now, 2 waived&#58; what is new is among these\n"),
    ("junit", "0 checks; 3 faults now, 2 waived: what is new is among these: fault 0; fault 1; fault 2"),
    (
        "github",
        "::error title=beyond what is waived::RETRY003: 3 faults now, 2 waived: what is new is among these\n",
    ),
]


@pytest.mark.parametrize(("form", "text"), BEYOND)
def test_every_format_tells_what_is_beyond_a_waiver(form: str, text: str) -> None:
    """A run that fails for one fault too many says so, and where to look."""
    assert text.replace("0 checks", "1 checks") in render(counted(3, waiver(2)), form, Look())


RESTING = [
    ("text", "conforms, resting on 1 waiver: billing:app"),
    ("markdown", "## ✅ logconform: conforms, resting on 1 waiver\n"),
    ("github", "::notice title=logconform::conforms, resting on 1 waiver: billing:app"),
    ("sarif", '"exitCodeDescription": "conforms, resting on 1 waiver"'),
    ("badge", '"message":"conforms, 1 waiver","color":"green"'),
    ("json", '"waivers": 1'),
]


@pytest.mark.parametrize(("form", "text"), RESTING)
def test_every_format_says_what_the_verdict_rests_on(form: str, text: str) -> None:
    """Conforming with waivers is never told like conforming."""
    assert text in render(counted(2, waiver(2)), form, Look())


LOOSE = [
    ("text", "RETRY003 waiver allows 5, 2 would do\n   = fix: set its count to 2, or run `logconform init --update`\n"),
    ("markdown", "\n- waiver of RETRY003: lower its count to 2\n"),
]


@pytest.mark.parametrize(("form", "text"), LOOSE)
def test_a_count_with_room_is_told(form: str, text: str) -> None:
    """It fails nothing, and would hide the next fault."""
    assert text in render(counted(2, waiver(5)), form, Look())


def test_a_failing_scenario_beyond_the_waiver_fails_in_junit() -> None:
    """What is waived is skipped only while the waiver covers it."""
    made = [render(counted(found, waiver(2), scenarios=[scenario("violated")]), "junit", Look()) for found in (2, 3)]
    assert [each.count("<failure ") for each in made] == [0, 2]
    assert [each.count('message="waived: known"') for each in made] == [2, 0]
