"""The report as JUnit XML."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from logconform.config import Waiver
from logconform.records import Place
from logconform.report import render
from logconform.report.model import EvidenceLine
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, scenario, verdict


def junit(*args: Any, **rest: Any) -> ElementTree.Element:
    return ElementTree.fromstring(render(report(*args, **rest), "junit"))


def case(root: ElementTree.Element, name: str, suite: str = "prefork-embedded RETRY") -> ElementTree.Element:
    found = root.find(f"testsuite[@name='{suite}']/testcase[@name='{name}']")
    assert found is not None
    return found


LAST_ATTEMPT = "RETRY003 The last attempt is no retry"


def test_there_is_a_suite_per_environment_and_area_and_a_case_per_requirement() -> None:
    """CI shows environments and areas; nothing of the contract is left out."""
    root = junit({}, [PREFORK, THREADS])
    assert [each.get("name") for each in root] == [
        f"{environment} {area}"
        for environment in ("prefork-embedded", "threads-embedded")
        for area in ("FMT", "RETRY", "TRACE")
    ]
    assert [each.get("name") for each in root[0]] == ["FMT001 Every line is an object", "FMT008 Events are constant"]
    assert root[0][0].get("classname") == "prefork-embedded.FMT"
    assert (root.get("tests"), root.get("failures"), root.get("skipped"), root.get("errors")) == ("8", "0", "8", "0")


def test_a_violation_fails_with_its_places() -> None:
    """The failure holds what the terminal shows."""
    found = finding(line=7, task_id="3f1c", evidence='{"a": "<b>"}', fix="write it once")
    root = junit(verdict(found, RETRY003=(4, 0)))
    failure = case(root, LAST_ATTEMPT).find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "violation", "message": "1 of 4 checks"}
    assert failure.text == (
        'says retrying\n  --> worker.log:7 (byte 700)  task 3f1c\n   | {"a": "<b>"}\n'
        "   = 1 of 4 checked (25 %)\n   = fix: write it once"
    )
    assert root.get("failures") == "1"


def test_a_failure_tells_causes_with_exact_totals() -> None:
    """Twelve hundred findings of two causes are two texts, and the figures are those of all of them."""
    many = [finding(line=number, event="Task failed") for number in range(1, 1201)]
    failure = case(junit(verdict(*many, finding(line=9, message="twice"))), LAST_ATTEMPT).find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "1,201 of 1,201 checks"
    assert [line for line in str(failure.text).splitlines() if "checked" in line] == [
        '   = 1,200 of 1,201 checked (99.9 %), from "Task failed"',
        "   = 1 of 1,201 checked (under 0.1 %)",
    ]
    assert str(failure.text).count("  --> ") == 6


@pytest.mark.parametrize(
    ("found", "options", "message"),
    [
        (verdict(), {"reasons": {"RETRY003": "no retry seen"}}, "not tested: no retry seen"),
        (verdict(), {}, "not tested"),
        (verdict(RETRY003=(0, 1)), {}, "inconclusive: 1 check could not be decided"),
        (verdict(finding()), {"waivers": [Waiver("RETRY003", "known")]}, "waived: known"),
        (verdict(finding()), {"profiles": ["core"]}, "the profile is not judged"),
    ],
)
def test_what_decides_nothing_is_skipped_with_its_reason(found: Any, options: dict[str, Any], message: str) -> None:
    """Not tested is never shown as passed."""
    skipped = case(junit(found, **options), LAST_ATTEMPT).find("skipped")
    assert skipped is not None
    assert skipped.attrib == {"message": message}


def test_a_warning_passes_with_its_text() -> None:
    """JUnit knows no warning: the text is there, the case does not fail."""
    warned = case(junit(verdict(finding("FMT008"))), "FMT008 Events are constant", "prefork-embedded FMT")
    assert [each.tag for each in warned] == ["system-out"]
    assert warned[0].text == (
        "warning: 1 of 1 checks\nsays retrying\n  --> worker.log:1 (byte 100)\n   = 1 of 1 checked (100 %)"
    )


def test_a_scenario_is_a_case_with_its_steps_evidence_and_time() -> None:
    """A scenario that fails shows which step, and what it looked at."""
    evidence = [EvidenceLine('{"event": "x"}', Place("worker.log", 3, 120))]
    root = junit(scenarios=[scenario("violated", reason="it said retrying", evidence=evidence)])
    failed = case(root, "RETRY003 last attempt")
    assert failed.get("time") == "0.400"
    assert failed[0].attrib == {"type": "violation", "message": "it said retrying"}
    assert failed[0].text == 'passed: When a task fails\n   | {"event": "x"}'
    assert root.get("failures") == "2"


def test_a_scenario_of_a_waived_requirement_is_skipped_too() -> None:
    """CI is green exactly when the run is."""
    root = junit(scenarios=[scenario("violated")], waivers=[Waiver("RETRY003", "known")])
    assert (root.get("failures"), case(root, "RETRY003 last attempt")[0].tag) == ("0", "skipped")


def test_a_stale_waiver_fails() -> None:
    """What makes the run fail is a failure."""
    root = junit(verdict(RETRY003=(1, 0)), waivers=[Waiver("RETRY003", "known")])
    failure = case(root, "RETRY003 known", "waivers")[0]
    assert failure.attrib == {"type": "stale waiver", "message": "covers nothing that was found"}


def test_any_evidence_gives_valid_xml() -> None:
    """Control characters, surrogates, non-characters and markup can't break the file."""
    hostile = "".join(map(chr, range(0x20))) + "\x7f\x85\ud800\ufffe\uffff]]>&<\U0001f600"
    evidence = [EvidenceLine(hostile)]
    root = junit(
        verdict(finding(evidence=hostile, message=hostile, fix=hostile, task_id=hostile)),
        scenarios=[scenario("violated", reason=hostile, evidence=evidence)],
        reasons={"FMT001": hostile},
    )
    failure = case(root, LAST_ATTEMPT).find("failure")
    assert failure is not None
    assert "\\x00\\x01\\x02" in str(failure.text)
    assert "\\ufffe\\uffff]]>&<\U0001f600" in str(failure.text)


def test_a_flaky_scenario_fails_as_what_it_is() -> None:
    """Its type tells it from what never holds; its name has what `--only` takes, its text the command."""
    again = "logconform run --only RETRY003-8c1d --repeat 9"
    flaky = scenario("flaky", short_id="RETRY003-8c1d", reason="failed in 1 of 9 runs: twice", reproduce=again)
    failure = case(junit(scenarios=[flaky]), "RETRY003-8c1d last attempt").find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "flaky", "message": "failed in 1 of 9 runs: twice"}
    assert failure.text == f"passed: When a task fails\n   = again: {again}"


@pytest.mark.parametrize(("outcome", "kind"), [("violated", "failure"), ("inconclusive", "skipped")])
def test_an_exercise_is_a_case_of_its_own(outcome: str, kind: str) -> None:
    """In a suite of its own, as it belongs to no area."""
    exercise = scenario(outcome, requirement=None, reason="the command exited with 1")
    made = case(junit(scenarios=[exercise]), "last attempt", "exercise")
    assert [each.tag for each in made] == [kind]
