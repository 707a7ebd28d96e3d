"""What changed between two conformance reports, and when that is a regression."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from logconform.report.diff import CHANGES, DIFF_VERSION, change_of, diff_reports
from logconform.report.diff_input import Part, Report
from logconform.report.diff_text import render
from logconform.report.model import Environment
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, verdict

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "diff.schema.json").read_text("utf-8"))
PATHS = ("before.json", "after.json")
PASSED = report(verdict(FMT001=(100, 0), FMT008=(100, 0), RETRY003=(10, 0), TRACE001=(5, 0)))


def diff(before: dict[str, Any], after: dict[str, Any], fail_on: str = "violation") -> dict[str, Any]:
    """Compare two reports; the outcome is what the schema describes."""
    made = diff_reports(Report.model_validate(before), Report.model_validate(after), PATHS, fail_on)
    Draft202012Validator(SCHEMA).validate(json.loads(render(made, "json")))
    return made


def with_status(status: str, checked: int = 10, violations: int = 0, **members: Any) -> dict[str, Any]:
    """Return the report of which RETRY003 has this outcome."""
    outcome = {"status": status, "checked": checked, "violations": violations}
    requirements = [
        {**each, **outcome, **members} if each["id"] == "RETRY003" else each for each in PASSED["requirements"]
    ]
    return {**PASSED, "requirements": requirements}


# status and (checked, violations) before and after → the change, and which --fail-on make it a regression
CASES = [
    ("passed", (10, 0), "passed", (99, 0), None, ""),
    ("passed", (10, 0), "violated", (10, 1), "newly_violated", "violation warning"),
    ("not_tested", (0, 0), "violated", (10, 1), "newly_violated", "violation warning"),
    ("waived", (10, 1), "violated", (10, 1), "newly_violated", "violation warning"),
    ("violated", (10, 1), "violated", (10, 2), "prevalence_up", "violation warning"),
    ("violated", (10, 1), "violated", (9, 1), "prevalence_up", "violation warning"),
    ("violated", (10, 1), "violated", (20, 2), None, ""),
    ("violated", (10, 1), "violated", (3_000_000, 300_001), "prevalence_up", "violation warning"),
    ("violated", (10, 1), "violated", (1_000, 99), "prevalence_down", ""),
    ("violated", (0, 3), "violated", (0, 5), None, ""),
    ("violated", (10, 1), "passed", (10, 0), "fixed", ""),
    ("warned", (10, 1), "passed", (10, 0), "fixed", ""),
    ("waived", (10, 1), "passed", (10, 0), "fixed", ""),
    ("passed", (10, 0), "warned", (10, 1), "newly_warned", "warning"),
    ("warned", (10, 1), "warned", (10, 2), "prevalence_up", "warning"),
    ("passed", (10, 0), "not_tested", (0, 0), "newly_untested", "violation warning"),
    ("violated", (10, 1), "not_tested", (0, 0), "newly_untested", ""),
    ("not_tested", (0, 0), "passed", (10, 0), "newly_tested", ""),
    ("passed", (10, 0), "inconclusive", (0, 0), "newly_inconclusive", ""),
    ("inconclusive", (0, 0), "passed", (10, 0), "decided", ""),
    ("violated", (10, 1), "waived", (10, 1), "newly_waived", ""),
]


@pytest.mark.parametrize(("was", "old", "now", "new", "change", "fails"), CASES)
def test_a_change_has_one_name(
    was: str, old: tuple[int, int], now: str, new: tuple[int, int], change: str | None, fails: str
) -> None:
    """Statuses name the change; between equal ones the exact prevalence does. `--fail-on` says what is a regression."""
    before, after = with_status(was, *old), with_status(now, *new)
    assert [each["change"] for each in diff(before, after)["changes"]] == ([change] if change else [])
    regressions = [each for each in ("violation", "warning", "none") if diff(before, after, each)["regression"]]
    assert regressions == fails.split()


def test_every_change_has_its_words() -> None:
    """Whatever two outcomes there are, the change between them is one that the formats know."""
    statuses = ("passed", "violated", "warned", "not_tested", "inconclusive", "waived")
    parts = [Part(status=status, checked=2, violations=1) for status in statuses]  # type: ignore[arg-type]
    found = {change_of(old, new) for old in parts for new in parts} - {None}
    assert found <= set(CHANGES)
    kinds = SCHEMA["$defs"]["requirement"]["properties"]["change"]["enum"]
    assert (kinds, DIFF_VERSION) == (list(CHANGES), SCHEMA["properties"]["diff_version"]["const"])


def test_what_is_not_judged_is_told_but_no_regression() -> None:
    """A profile that the service does not declare cannot fail it."""
    made = diff(with_status("passed"), with_status("violated", 10, 1, judged=False))
    assert [(each["change"], each["judged"], each["regression"]) for each in made["changes"]] == [
        ("newly_violated", False, False)
    ]
    assert made["notes"] == ["judged in one of them only: RETRY003"]


def test_a_should_that_is_not_tested_any_more_counts_as_a_warning() -> None:
    """Only a MUST that was passed and is not tested is a regression by default."""
    after = report(verdict(FMT001=(100, 0), RETRY003=(10, 0), TRACE001=(5, 0)))
    assert [diff(PASSED, after, each)["regression"] for each in ("violation", "warning")] == [False, True]


def test_a_worse_verdict_is_a_regression() -> None:
    """Also where no requirement shows why: a stale waiver fails a run."""
    worse = {**PASSED, "summary": {**PASSED["summary"], "verdict": "does_not_conform"}}
    assert [diff(PASSED, worse)["regression"], diff(worse, PASSED)["regression"]] == [True, False]
    assert diff(PASSED, worse, "none")["regression"] is False


def test_an_environment_that_came_out_otherwise_is_told() -> None:
    """Violated on prefork before, on threads too now: the whole is violated as it was, the new place is told."""
    good = verdict(RETRY003=(10, 0))
    bad = verdict(finding(), RETRY003=(10, 0))
    before = report({"prefork-embedded": bad, "threads-embedded": good}, [PREFORK, THREADS])
    after = report({"prefork-embedded": bad, "threads-embedded": bad}, [PREFORK, THREADS])
    made = diff(before, after)
    assert [(each["change"], each["environment"], each["regression"]) for each in made["changes"]] == [
        ("newly_violated", "threads-embedded", True),
        ("prevalence_up", None, True),
    ]


def test_other_contracts_and_environments_are_said() -> None:
    """A comparison of unlike reports says so; requirements of one contract only are told."""
    other = report(verdict(FMT001=(1, 0)), [Environment("sample")])
    other = {**other, "contract_version": "1.1", "requirements": other["requirements"][:-1]}
    made = diff(PASSED, other)
    assert made["notes"] == [
        "judged against contract 1.0 before, 1.1 after",
        "environments only before: prefork-embedded",
        "environments only after: sample",
    ]
    assert [each["change"] for each in made["changes"] if each["requirement"] == "TRACE001"] == ["removed"]


def cause(message: str, total: int = 1, **rest: Any) -> dict[str, Any]:
    about = {"logger": "app.tasks", "event": "Task failed", "environment": "sample", "places": []}
    return {"requirement": "RETRY003", "level": "MUST", "message": message, "total": total, **about, **rest}


def test_causes_are_the_same_whatever_their_figures() -> None:
    """A cause is known by requirement, logger, event and message, but for figures, quoted words and environment."""
    before = {**PASSED, "causes": [cause("has 3 of 'a'"), cause("is gone", 7)]}
    after = {**PASSED, "causes": [cause("has 4 of 'b'"), cause("is new", 2), cause("is new", 3, environment="threads")]}
    made = diff(before, after)
    assert [(each["message"], each["total"]) for each in made["causes_new"]] == [("is new", 5)]
    assert [(each["message"], each["total"]) for each in made["causes_gone"]] == [("is gone", 7)]
    assert made["regression"] is False


def test_a_report_without_causes_is_compared_without_them() -> None:
    """An older report has none; that is said, and nothing is called new."""
    old = {name: value for name, value in PASSED.items() if name != "causes"}
    made = diff(old, {**PASSED, "causes": [cause("is new")]})
    assert (made["causes_new"], made["causes_gone"]) == ([], [])
    assert made["notes"] == [
        "causes are not compared: one of the reports has none, because an older logconform wrote it"
    ]


CHANGED = diff(with_status("passed"), {**with_status("violated", 1_000, 3), "causes": PASSED.get("causes", [])})


def test_the_text_is_exactly_this() -> None:
    """The outcome first, then how many changes of each kind, then each with its figures, as in the how-to."""
    before = {**with_status("passed"), "causes": []}
    after = {**with_status("violated", 1_000, 3), "causes": [cause("says retrying", 3)]}
    after["summary"] = {**after["summary"], "verdict": "does_not_conform"}
    text = render(diff(before, after))
    assert f"```text\n{text}```\n" in (ROOT / "docs" / "how-to" / "compare.md").read_text("utf-8")
    assert text == (
        "regression: before.json → after.json, conforms before, does not conform now\n"
        "newly violated: 1, new causes: 1\n"
        "\n"
        "newly violated\n"
        "  RETRY003 MUST: The last attempt is no retry\n"
        "    passed (0 of 10 checks) → violated (3 of 1,000 checks, 0.3 %)\n"
        "\n"
        "new causes\n"
        "  RETRY003: says retrying\n"
        '    3 findings from app.tasks: "Task failed"\n'
    )


def test_two_equal_reports_have_no_change() -> None:
    """One line says so."""
    made = diff(PASSED, PASSED)
    assert (made["regression"], made["changes"], made["notes"]) == (False, [], [])
    assert render(made) == "no change: before.json → after.json, conforms, as before\n"


def test_markdown_is_a_table_per_kind() -> None:
    """A summary of CI shows it; what a report says is never markup."""
    before = {**PASSED, "causes": []}
    made = diff(before, {**with_status("violated", 10, 1), "causes": [cause("a|b <c> @d `e`\x1b[0m", event=None)]})
    text = render(made, "markdown")
    assert text.startswith(
        "## regression: before.json → after.json, conforms, as before\n\n- newly violated: 1, new causes: 1\n"
    )
    row = "| RETRY003 MUST: The last attempt is no retry | passed (0 of 10 checks) → violated (1 of 10 checks, 10 %) |"
    assert f"\n| what | before → after |\n|---|---|\n{row}\n" in text
    assert "| RETRY003: a\\|b \\<c\\> \\@d \\`e\\`\\\\x1b\\[0m | 1 finding from app.tasks |\n" in text


def test_an_unknown_format_is_refused() -> None:
    """The error names the formats there are."""
    with pytest.raises(ValueError, match=r"^no format 'yaml'; known are text, json, markdown$"):
        render(CHANGED, "yaml")
