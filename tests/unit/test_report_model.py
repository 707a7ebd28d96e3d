"""The model: what goes into a report, and how each requirement comes out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from logconform import __version__
from logconform.config import Waiver
from logconform.contract import Contract, load_contract
from logconform.findings import FINDINGS_KEPT, Count, Finding, Verdict
from logconform.records import Place
from logconform.report.model import Environment, EvidenceLine, ScenarioResult, Step, build_report

TODAY = date(2026, 3, 1)
PREFORK = Environment("prefork-embedded", "prefork", "embedded", {"python": "3.11.9", "celery": "5.5.3"})
THREADS = Environment("threads-embedded", "threads", "embedded", {"celery": "5.5.3"})
PAGES = {
    "index.md": "contract_version: 1.0\nprofiles: core, retry, tracing\nareas: FMT, RETRY, TRACE\n",
    "format.md": "area: FMT\ntitle: Format\nprofile: core\n",
    "retry.md": "area: RETRY\ntitle: Retries\nprofile: retry\n",
    "tracing.md": "area: TRACE\ntitle: Tracing\nprofile: tracing\n",
}
SECTIONS = {
    "format.md": [("FMT001", "Every line is an object", "MUST"), ("FMT008", "Events are constant", "SHOULD")],
    "retry.md": [("RETRY003", "The last attempt is no retry", "MUST")],
    "tracing.md": [("TRACE001", "Spans are named", "MUST")],
}


@cache
def small_contract() -> Contract:
    """Return a contract of four requirements: two MUST that are judged, one SHOULD, one MUST that is not judged."""
    with TemporaryDirectory() as folder:
        for name, about in PAGES.items():
            sections = [
                f"## {key}: {title}\n\n**{level}:** it holds.\n" for key, title, level in SECTIONS.get(name, [])
            ]
            Path(folder, name).write_text(f"---\n{about}---\n\n" + "\n".join(sections), "utf-8")
        return load_contract(Path(folder))


def verdict(*findings: Finding, **counts: tuple[int, int]) -> Verdict:
    """Return a verdict with `NAME=(checked, undecided)`, and *findings*."""
    made = Verdict({name: Count(checked=checked, undecided=undecided) for name, (checked, undecided) in counts.items()})
    made.found_all(findings)
    return made


def finding(requirement: str = "RETRY003", line: int = 1, **rest: Any) -> Finding:
    """Return a finding at a line of `worker.log`."""
    rest = {"message": "says retrying", "place": Place("worker.log", line, line * 100), **rest}
    return Finding(requirement, **rest)


def scenario(outcome: str = "passed", environment: str = "prefork-embedded", **rest: Any) -> ScenarioResult:
    """Return how a scenario of RETRY003 came out."""
    rest = {"requirement": "RETRY003", "steps": [Step("When", "a task fails", "passed")], "duration_s": 0.4, **rest}
    return ScenarioResult(
        id="features/retry.feature::last attempt",
        feature="Retries",
        rule="The last attempt is no retry",
        name="last attempt",
        environment=environment,
        outcome=outcome,
        **rest,
    )


def report(
    verdicts: Verdict | dict[str, Verdict] | None = None,
    environments: Sequence[Environment] = (PREFORK,),
    profiles: Sequence[str] = ("core", "retry"),
    **rest: Any,
) -> dict[str, Any]:
    """Return a report of an app over the small contract."""
    by_name = verdicts if isinstance(verdicts, dict) else {environments[0].name: verdicts or Verdict()}
    rest = {"subject": {"kind": "app", "app": "billing:app"}, "today": TODAY, **rest}
    return build_report(small_contract(), by_name, environments=environments, profiles=profiles, **rest)


def requirement(made: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the entry of a requirement."""
    found: dict[str, Any] = next(each for each in made["requirements"] if each["id"] == name)
    return found


def test_a_report_names_its_versions_its_tool_and_its_subject() -> None:
    """Whoever reads a report knows what judged what."""
    made = report()
    assert list(made) == [
        "report_version",
        "contract_version",
        "tool",
        "subject",
        "environments",
        "summary",
        "requirements",
        "findings",
        "findings_total",
        "causes",
        "scenarios",
    ]
    assert made["report_version"] == "1.0"
    assert made["contract_version"] == "1.0"
    assert made["tool"] == {"name": "logconform", "version": __version__}
    assert made["subject"] == {"kind": "app", "app": "billing:app"}


def test_every_requirement_is_there_in_the_contracts_order() -> None:
    """A report holds the whole contract, also what nothing exercised."""
    made = report(verdict(RETRY003=(2, 0)))
    assert [(each["id"], each["status"]) for each in made["requirements"]] == [
        ("FMT001", "not_tested"),
        ("FMT008", "not_tested"),
        ("RETRY003", "passed"),
        ("TRACE001", "not_tested"),
    ]


def test_an_entry_of_a_requirement_is_exactly_this() -> None:
    """A requirement's entry carries its contract, its counts, and the same per environment."""
    made = report(verdict(finding(), RETRY003=(2, 3)))
    assert requirement(made, "RETRY003") == {
        "id": "RETRY003",
        "level": "MUST",
        "profile": "retry",
        "judged": True,
        "title": "The last attempt is no retry",
        "status": "violated",
        "checked": 2,
        "violations": 1,
        "undecided": 3,
        "prevalence": 0.5,
        "reason": None,
        "page": "contract/retry.md",
        "environments": {
            "prefork-embedded": {
                "status": "violated",
                "checked": 2,
                "violations": 1,
                "undecided": 3,
                "prevalence": 0.5,
                "reason": None,
            }
        },
    }


def test_a_finding_is_exactly_this() -> None:
    """A finding says what, where, about which task, and what to do."""
    found = finding(line=7, task_id="3f1c", evidence='{"event": "x"}', fix="write it once")
    assert report(verdict(found))["findings"] == [
        {
            "requirement": "RETRY003",
            "level": "MUST",
            "message": "says retrying",
            "path": "worker.log",
            "line": 7,
            "offset": 700,
            "task_id": "3f1c",
            "evidence": '{"event": "x"}',
            "fix": "write it once",
            "environment": "prefork-embedded",
            "scenario": None,
        }
    ]


def test_a_scenario_is_exactly_this() -> None:
    """A scenario keeps its steps and the lines it looked at."""
    evidence = [EvidenceLine('{"event": "x"}', Place("worker.log", 3, 120)), EvidenceLine("(no line)")]
    one = scenario(evidence=evidence, duration_s=0.41249, short_id="RETRY003-8c1d")
    assert report(scenarios=[one])["scenarios"] == [
        {
            "id": "features/retry.feature::last attempt",
            "short_id": "RETRY003-8c1d",
            "feature": "Retries",
            "rule": "The last attempt is no retry",
            "name": "last attempt",
            "requirement": "RETRY003",
            "environment": "prefork-embedded",
            "outcome": "passed",
            "reason": None,
            "runs": 1,
            "failed": 0,
            "reproduce": None,
            "steps": [{"keyword": "When", "text": "a task fails", "status": "passed"}],
            "evidence": [
                {"text": '{"event": "x"}', "path": "worker.log", "line": 3, "offset": 120},
                {"text": "(no line)", "path": None, "line": None, "offset": None},
            ],
            "duration_s": 0.412,
        }
    ]


def test_a_scenario_that_fails_sometimes_counts_against_its_requirement() -> None:
    """Flaky is no verdict of its own: what was seen once is a violation."""
    made = report(scenarios=[scenario("flaky", reason="failed in 1 of 20 runs: twice", runs=20, failed=1)])
    assert (requirement(made, "RETRY003")["status"], made["summary"]["verdict"]) == ("violated", "does_not_conform")
    assert [each["message"] for each in made["findings"]] == ["failed in 1 of 20 runs: twice"]
    assert [(each["outcome"], each["runs"], each["failed"]) for each in made["scenarios"]] == [("flaky", 20, 1)]


def test_an_exercise_stands_first_and_decides_nothing_by_itself() -> None:
    """It belongs to no requirement: what its log is found guilty of is in the verdict already."""
    exercise = scenario("violated", requirement=None, reason="violated: RETRY003")
    made = report(verdict(finding(), RETRY003=(4, 0)), scenarios=[scenario(), exercise])
    assert [each["requirement"] for each in made["scenarios"]] == [None, "RETRY003"]
    assert requirement(made, "RETRY003")["violations"] == 1


def test_environments_stand_by_name() -> None:
    """Environments and their versions are in order, whichever ended first."""
    made = report({}, [THREADS, PREFORK])
    assert [each["name"] for each in made["environments"]] == ["prefork-embedded", "threads-embedded"]
    assert list(made["environments"][0]["versions"]) == ["celery", "python"]
    assert list(requirement(made, "FMT001")["environments"]) == ["prefork-embedded", "threads-embedded"]


def test_counts_add_up_over_environments() -> None:
    """One violation anywhere violates, and each environment keeps its own status."""
    made = report(
        {"prefork-embedded": verdict(RETRY003=(5, 0)), "threads-embedded": verdict(finding(), RETRY003=(4, 1))},
        [PREFORK, THREADS],
    )
    entry = requirement(made, "RETRY003")
    assert (entry["status"], entry["checked"], entry["violations"], entry["undecided"]) == ("violated", 9, 1, 1)
    assert [each["status"] for each in entry["environments"].values()] == ["passed", "violated"]


def test_a_violated_scenario_counts_as_a_violation_and_is_a_finding() -> None:
    """What a scenario saw weighs as much as what a rule saw."""
    evidence = [EvidenceLine("line", Place("worker.log", 3, 120))]
    made = report(
        verdict(RETRY003=(2, 0)), scenarios=[scenario("violated", reason="it said retrying", evidence=evidence)]
    )
    assert (requirement(made, "RETRY003")["checked"], requirement(made, "RETRY003")["violations"]) == (3, 1)
    assert [(each["message"], each["line"], each["evidence"], each["scenario"]) for each in made["findings"]] == [
        ("it said retrying", 3, "line", "features/retry.feature::last attempt")
    ]
    assert made["findings_total"] == {"RETRY003": 1}


def test_a_scenario_that_a_finding_names_is_counted_once() -> None:
    """A finding that was made in a scenario and the scenario itself are one violation."""
    found = finding(scenario="features/retry.feature::last attempt")
    made = report(verdict(found), scenarios=[scenario("violated", reason="it said retrying")])
    assert made["findings_total"] == {"RETRY003": 1}
    assert [each["message"] for each in made["findings"]] == ["says retrying"]


@pytest.mark.parametrize(
    ("outcome", "status", "reason"),
    [
        ("passed", "passed", None),
        ("not_tested", "not_tested", "no log file"),
        ("inconclusive", "inconclusive", "no log file"),
        ("violated", "violated", None),
    ],
)
def test_a_scenario_alone_decides_its_requirement(outcome: str, status: str, reason: str | None) -> None:
    """A requirement that only a scenario exercises comes out as the scenario does, with its reason."""
    entry = requirement(report(scenarios=[scenario(outcome, reason="no log file")]), "RETRY003")
    assert (entry["status"], entry["reason"]) == (status, reason)


def test_findings_are_capped_and_totals_exact() -> None:
    """Twelve hundred violations are counted all, and shown up to the cap."""
    made = report(verdict(*[finding(line=number) for number in range(1, 1201)]))
    assert len(made["findings"]) == FINDINGS_KEPT
    assert made["findings_total"] == {"RETRY003": 1200}
    assert requirement(made, "RETRY003")["violations"] == 1200


def test_findings_stand_by_requirement_and_place() -> None:
    """Findings come in the contract's order, then by file and line, those without a place last."""
    made = report(
        verdict(
            finding(line=9),
            finding(place=None, message="never seen"),
            finding(line=2),
            finding("FMT001", line=5),
        )
    )
    assert [(each["requirement"], each["line"]) for each in made["findings"]] == [
        ("FMT001", 5),
        ("RETRY003", 2),
        ("RETRY003", 9),
        ("RETRY003", None),
    ]


def test_findings_of_a_rotated_set_stand_in_its_order() -> None:
    """The oldest file comes first, whatever its name: the order of the sources counts, paths only break ties."""
    places = [Place("worker.log", 1, 0, 2), Place("worker.log.1", 9, 900, 1), Place("worker.log.2", 5, 500, 0)]
    made = report(verdict(*[finding(place=place) for place in places]))
    assert [each["path"] for each in made["findings"]] == ["worker.log.2", "worker.log.1", "worker.log"]


def test_the_same_input_gives_the_same_report() -> None:
    """Neither the order of environments nor that of scenarios changes a report."""
    results = [scenario(), scenario("violated", "threads-embedded", reason="x")]
    verdicts = {"prefork-embedded": verdict(finding()), "threads-embedded": verdict(finding(line=3))}
    one = report(verdicts, [PREFORK, THREADS], scenarios=results)
    other = report(dict(reversed(verdicts.items())), [THREADS, PREFORK], scenarios=results[::-1])
    assert str(one) == str(other)


def test_building_a_report_leaves_the_verdict_alone() -> None:
    """A verdict can be reported twice."""
    made = verdict(finding(), RETRY003=(1, 0))
    before = (dict(made.counts), list(made.findings))
    report(made, scenarios=[scenario("violated")])
    assert (made.counts, made.findings) == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"reasons": {"FMT001": "no line was read"}}, "no line was read"),
        (
            {"environments": [Environment("gevent", skipped="gevent is not installed")]},
            "gevent was skipped: gevent is not installed",
        ),
        ({"profiles": ["retry"]}, "the profile core is not judged"),
        ({}, None),
    ],
)
def test_why_a_requirement_was_not_tested_is_told_where_known(options: dict[str, Any], reason: str | None) -> None:
    """Not tested comes with its reason."""
    assert requirement(report(**options), "FMT001")["reason"] == reason


def test_what_could_not_be_decided_is_counted_in_the_reason() -> None:
    """Inconclusive says how often."""
    entry = requirement(report(verdict(FMT001=(0, 4))), "FMT001")
    assert (entry["status"], entry["reason"]) == ("inconclusive", "4 checks could not be decided")


def test_a_profile_that_is_not_judged_keeps_its_counts_and_decides_nothing() -> None:
    """Tracing may be broken where the service doesn't declare it."""
    made = report(verdict(finding("TRACE001"), FMT001=(1, 0)))
    entry = requirement(made, "TRACE001")
    assert (entry["judged"], entry["status"], entry["violations"]) == (False, "violated", 1)
    assert made["summary"]["verdict"] == "conforms"
    assert made["summary"]["profiles"]["tracing"]["judged"] is False
    assert made["summary"]["profiles"]["tracing"]["verdict"] == "does_not_conform"


def test_the_summary_counts_judged_requirements() -> None:
    """Counts name every status; MUST and SHOULD add up to all."""
    summary = report(verdict(finding("FMT008"), FMT001=(1, 0), RETRY003=(0, 1)))["summary"]
    none = {"passed": 0, "violated": 0, "warned": 0, "not_tested": 0, "inconclusive": 0, "waived": 0}
    assert summary["counts"] == {**none, "passed": 1, "warned": 1, "inconclusive": 1}
    assert summary["must"] == {**none, "passed": 1, "inconclusive": 1}
    assert summary["should"] == {**none, "warned": 1}
    assert summary["profiles"]["core"] == {
        "judged": True,
        "verdict": "conforms",
        "counts": {**none, "passed": 1, "warned": 1},
        "passed_percent": 50,
    }
    assert summary["passed_percent"] == 33


def test_evidence_and_brokers_are_redacted_once_more() -> None:
    """No secret leaves through a report, whoever forgot to redact it."""
    leaky = Environment("prefork-redis", "prefork", "redis://user:hunter2@mq:6379/0")
    made = report(
        {"prefork-redis": verdict(finding(evidence='{"password": "hunter2"}', message="password=hunter2"))}, [leaky]
    )
    assert "hunter2" not in str(made)
    assert made["environments"][0]["broker"] == "redis://user:[redacted]@mq:6379/0"


def test_text_that_is_no_unicode_is_spelt_out() -> None:
    """A file name with undecodable bytes can still be reported."""
    made = report(verdict(finding(place=Place("worker-\udcff.log", 1, 0), evidence="\ud800")))
    assert (made["findings"][0]["path"], made["findings"][0]["evidence"]) == ("worker-\\udcff.log", "\\ud800")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"verdicts": {"elsewhere": Verdict()}}, "no such environment: elsewhere"),
        ({"scenarios": [scenario(environment="elsewhere")]}, "no such environment: elsewhere"),
        ({"verdicts": verdict(FMT999=(1, 0))}, "no such requirement in the contract: FMT999"),
    ],
)
def test_what_the_report_cannot_place_is_refused(arguments: dict[str, Any], message: str) -> None:
    """Nothing is dropped silently."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        report(**arguments)


WAIVER = Waiver("RETRY003", "known")


@pytest.mark.parametrize(
    ("waiver", "status", "verdict_now", "stale"),
    [
        (WAIVER, "waived", "conforms", []),
        (Waiver("RETRY003", "known", TODAY), "waived", "conforms", []),
        (Waiver("RETRY003", "known", environment="prefork-embedded"), "waived", "conforms", []),
        (Waiver("RETRY003", "known", environment="prefork-*"), "waived", "conforms", []),
        (Waiver("RETRY003", "known", date(2026, 2, 28)), "violated", "does_not_conform", ["was to end on 2026-02-28"]),
        (
            Waiver("RETRY003", "known", environment="solo-*"),
            "violated",
            "does_not_conform",
            ["covers nothing that was found"],
        ),
        (Waiver("FMT001", "known"), "violated", "does_not_conform", ["covers nothing that was found"]),
    ],
)
def test_a_waiver_covers_what_it_names_until_its_day(
    waiver: Waiver, status: str, verdict_now: str, stale: list[str]
) -> None:
    """A waiver holds for its requirement, in its environment, up to and including its date."""
    made = report(verdict(finding(), FMT001=(1, 0)), waivers=[waiver])
    assert requirement(made, "RETRY003")["status"] == status
    assert made["summary"]["verdict"] == verdict_now
    assert [each["stale"] for each in made["summary"]["waivers_stale"]] == stale


def test_a_waived_requirement_gives_the_waivers_reason() -> None:
    """The report says why a violation is accepted, and still counts it."""
    entry = requirement(report(verdict(finding()), waivers=[WAIVER]), "RETRY003")
    assert (entry["status"], entry["reason"], entry["violations"]) == ("waived", "known", 1)


def test_a_waiver_that_covers_nothing_fails_a_run_that_else_conforms() -> None:
    """A waiver must go when its defect goes."""
    made = report(verdict(RETRY003=(3, 0)), waivers=[WAIVER])
    assert requirement(made, "RETRY003")["status"] == "passed"
    assert made["summary"]["verdict"] == "does_not_conform"
    assert made["summary"]["profiles"]["retry"]["verdict"] == "does_not_conform"
    assert made["summary"]["waivers_stale"] == [
        {
            "requirement": "RETRY003",
            "reason": "known",
            "until": None,
            "environment": None,
            "stale": "covers nothing that was found",
        }
    ]


def test_a_sample_need_not_show_what_a_waiver_covers() -> None:
    """In the field a waiver is stale only when it is past its date."""
    made = report(verdict(RETRY003=(3, 0)), waivers=[WAIVER], waivers_must_fire=False)
    assert made["summary"]["waivers_stale"] == []
    assert made["summary"]["verdict"] == "conforms"


def test_a_waiver_for_one_environment_leaves_the_other_violated() -> None:
    """One uncovered violation is enough."""
    verdicts = {"prefork-embedded": verdict(finding()), "threads-embedded": verdict(finding())}
    made = report(verdicts, [PREFORK, THREADS], waivers=[Waiver("RETRY003", "known", environment="prefork-*")])
    entry = requirement(made, "RETRY003")
    assert entry["status"] == "violated"
    assert [each["status"] for each in entry["environments"].values()] == ["waived", "violated"]


def test_two_waivers_of_one_violation_both_hold() -> None:
    """A general waiver and one for an environment don't make each other stale."""
    waivers = [WAIVER, Waiver("RETRY003", "also", environment="prefork-*")]
    made = report(verdict(finding()), waivers=waivers)
    assert requirement(made, "RETRY003")["reason"] == "known; also"
    assert made["summary"]["waivers_stale"] == []
