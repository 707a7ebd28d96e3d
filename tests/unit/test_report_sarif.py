"""The report as SARIF 2.1.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft4Validator

from logconform.config import Waiver
from logconform.records import Place
from logconform.report import render, sarif
from logconform.report.model import Environment
from logconform.report.sarif import uri_of
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, scenario, verdict

STANDARD = json.loads((Path(__file__).parent / "standards" / "sarif-2.1.0.schema.json").read_text("utf-8"))
SAMPLE = {"kind": "sample", "paths": ["logs/a b.log"], "records": 2, "bytes": 99}
LEAK = finding(
    line=7, task_id="3f1c", evidence='{"event": "x"}', fix="write it once", logger="app", event="Task failed"
)


def run_of(*args: Any, **rest: Any) -> dict[str, Any]:
    log = json.loads(render(report(*args, **rest), "sarif"))
    assert [error.message for error in Draft4Validator(STANDARD).iter_errors(log)] == []
    [run] = log["runs"]
    return dict(run)


def test_the_standard_refuses_what_is_not_sarif() -> None:
    """The schema that everything here is held to does tell right from wrong."""
    log = json.loads(render(report(verdict(LEAK)), "sarif"))
    for broken in ({**log, "version": "2.0.0"}, {**log, "extra": 1}, {**log, "runs": [{"results": []}]}):
        assert not Draft4Validator(STANDARD).is_valid(broken)


def test_a_result_is_exactly_this() -> None:
    """A result has its rule, what is wrong with the remedy, its place, and what it is known by in the next run."""
    run = run_of(verdict(LEAK, RETRY003=(4, 0)))
    [result] = run["results"]
    mark = result["partialFingerprints"]["cause/v1"]
    assert result == {
        "ruleId": "RETRY003",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": 'says retrying\n1 of 4 checked (25 %), from app: "Task failed"\nFix: write it once'},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "worker.log"},
                    "region": {"startLine": 7, "byteOffset": 700},
                }
            }
        ],
        "partialFingerprints": {"cause/v1": mark, "primaryLocationLineHash": f"{mark}:1"},
        "suppressions": [],
        "properties": {
            "environment": "prefork-embedded",
            "taskId": "3f1c",
            "evidence": '{"event": "x"}',
            "total": 1,
        },
    }


def test_a_rule_is_exactly_this() -> None:
    """The rules are the requirements that something was found of, with every remedy."""
    found = [finding(line=1, fix="one"), finding(line=2, message="m", fix="two"), finding("FMT008")]
    rules = run_of(verdict(*found))["tool"]["driver"]["rules"]
    assert rules == [
        {
            "id": "FMT008",
            "shortDescription": {"text": "Events are constant"},
            "fullDescription": {"text": "Events are constant"},
            "help": {"text": "More: logconform explain FMT008"},
            "defaultConfiguration": {"level": "warning"},
            "properties": {"tags": ["FMT", "core"]},
        },
        {
            "id": "RETRY003",
            "shortDescription": {"text": "The last attempt is no retry"},
            "fullDescription": {"text": "The last attempt is no retry"},
            "help": {"text": "one\ntwo\nMore: logconform explain RETRY003"},
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["RETRY", "retry"]},
        },
    ]


def test_a_rule_of_the_contract_states_it_and_leads_to_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees an alert sees the sentence that was broken, and where it stands if the site has an address."""
    from logconform.contract import load_contract
    from logconform.report.model import build_report

    monkeypatch.setattr(sarif, "_documentation", lambda: "https://example.com/logs")
    real = build_report(
        load_contract(),
        {"prefork-embedded": verdict(finding("CTX005"))},
        subject={"kind": "app", "app": "billing:app"},
        environments=[PREFORK],
    )
    [rule] = json.loads(render(real, "sarif"))["runs"][0]["tool"]["driver"]["rules"]
    assert rule["fullDescription"]["text"] == f"MUST: {load_contract()['CTX005'].statement}"
    assert rule["helpUri"] == "https://example.com/logs/contract/context.html#CTX005"


def test_levels_follow_what_a_finding_counts_for() -> None:
    """A MUST is an error, a SHOULD a warning; what is waived or not judged is a note, the first with its reason."""
    run = run_of(
        verdict(finding("FMT001"), finding("FMT008"), finding(), finding("TRACE001")),
        waivers=[Waiver("RETRY003", "known")],
    )
    assert {each["ruleId"]: each["level"] for each in run["results"]} == {
        "FMT001": "error",
        "FMT008": "warning",
        "RETRY003": "note",
        "TRACE001": "note",
    }
    accepted = [{"kind": "external", "status": "accepted", "justification": "known"}]
    assert {each["ruleId"]: each["suppressions"] for each in run["results"] if each["suppressions"]} == {
        "RETRY003": accepted
    }


def test_a_fingerprint_depends_on_the_cause_alone() -> None:
    """The same defect is the same alert tomorrow, at other lines, of other tasks; its places are told apart."""
    today = run_of(verdict(LEAK, finding(line=9, logger="app", event="Task failed")))["results"]
    tomorrow = run_of(verdict(finding(line=900, task_id="77", logger="app", event="Task failed")))["results"]
    other = run_of(verdict(finding(line=7, logger="app", event="Task ended")))["results"]
    marks = [each["partialFingerprints"]["cause/v1"] for each in (*today, *tomorrow, *other)]
    assert marks[0] == marks[1] == marks[2] != marks[3]
    hashes = [each["partialFingerprints"]["primaryLocationLineHash"] for each in today]
    assert hashes == [f"{marks[0]}:1", f"{marks[0]}:2"]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("worker.log", "worker.log"),
        ("logs/a b#1%.log", "logs/a%20b%231%25.log"),
        ("a:b.log", "a%3Ab.log"),
        ("/var/log/ü.log", "file:///var/log/%C3%BC.log"),
        ("s3://bucket/a b.log", "s3://bucket/a%20b.log"),
        ("https://***@host/w.log?sig=***", "https://***@host/w.log?sig=***"),
        ("-", "stdin"),
        ("back\\slash", "back%5Cslash"),
    ],
)
def test_a_path_becomes_a_uri(path: str, uri: str) -> None:
    """A relative path stays relative, and every character that means something in a URI is encoded."""
    assert uri_of(path) == uri
    assert urlsplit(uri).geturl() == uri


def test_a_finding_without_a_place_points_to_the_subject() -> None:
    """Code scanning refuses results without a file: the app's module, or the first file of a sample, stands in."""
    found = verdict(finding(place=None))
    locations = [run_of(found, **rest)["results"][0]["locations"] for rest in ({}, {"subject": SAMPLE})]
    assert locations == [
        [{"physicalLocation": {"artifactLocation": {"uri": "billing.py"}}}],
        [{"physicalLocation": {"artifactLocation": {"uri": "logs/a%20b.log"}}}],
    ]
    [result] = run_of(scenarios=[scenario("violated")])["results"]
    assert result["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "features/retry.feature::last attempt", "kind": "scenario"}
    ]


def test_the_invocation_says_how_the_run_went() -> None:
    """What could not be read, ran not, or is stale is told beside the exit code."""
    run = run_of(
        {},
        [PREFORK, Environment("gevent", skipped="not installed")],
        subject={**SAMPLE, "partial": True, "problems": ["a.gz: ends too early\x1b"]},
        waivers=[Waiver("FMT001", "known")],
    )
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "exitCode": 3,
            "exitCodeDescription": "nothing tested",
            "toolExecutionNotifications": [
                {"level": "error", "message": {"text": "a.gz: ends too early\\x1b"}},
                {"level": "warning", "message": {"text": "reading was stopped before the end"}},
                {"level": "warning", "message": {"text": "gevent was skipped: not installed"}},
            ],
            "toolConfigurationNotifications": [
                {
                    "level": "error",
                    "message": {"text": "FMT001 stale waiver: covers nothing that was found (known)"},
                }
            ],
        }
    ]


def test_a_report_without_findings_is_a_log_without_results() -> None:
    """Results that are absent would say that nothing was looked at."""
    run = run_of(verdict(FMT001=(3, 0)))
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"][0]["executionSuccessful"] is True


def test_every_place_of_every_environment_is_a_result() -> None:
    """Results name their environment, and marks stay different over environments."""
    results = run_of({"prefork-embedded": verdict(LEAK), "threads-embedded": verdict(LEAK)}, [PREFORK, THREADS])[
        "results"
    ]
    assert [each["properties"]["environment"] for each in results] == ["prefork-embedded", "threads-embedded"]
    assert len({each["partialFingerprints"]["primaryLocationLineHash"] for each in results}) == 2


def test_a_path_with_a_lone_surrogate_is_encoded() -> None:
    """A file name that is no text still makes a file that everything can read."""
    [result] = run_of(verdict(finding(place=Place("a\udcff.log", 1, 0))))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%5Cudcff.log"
