"""The report as JSON, and the schema that describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from logconform.config import Waiver
from logconform.records import Place
from logconform.report import FORMATS, render
from logconform.report.model import Environment, EvidenceLine
from logconform.report.status import STATUSES, VERDICTS
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, scenario, verdict

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "conformance-report.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
SAMPLE = {"kind": "sample", "paths": ["worker.log"], "records": 2, "bytes": 99}
SOURCE = {"path": "worker.log", "bytes": 99, "compression": "gzip", "envelope": "docker"}
FULL = report(
    {"prefork-embedded": verdict(finding(), finding("FMT008", place=None)), "threads-embedded": verdict(FMT001=(3, 1))},
    [PREFORK, THREADS, Environment("gevent", skipped="not installed")],
    scenarios=[scenario("violated", evidence=[EvidenceLine("x", Place("worker.log", 1, 0)), EvidenceLine("y")])],
    waivers=[Waiver("FMT001", "known"), Waiver("FMT008", "known")],
)
REPORTS = {
    "full": FULL,
    "repeated": report(
        scenarios=[
            scenario(
                "flaky", short_id="RETRY003-8c1d", runs=20, failed=1, reason="failed in 1", reproduce="logconform run"
            ),
            scenario("inconclusive", requirement=None, reason="the command exited with 3"),
        ]
    ),
    "empty": report(),
    "sample": report(subject=SAMPLE),
    "stopped sample": report(subject={**SAMPLE, "partial": True}),
    "shipped sample": report(subject={**SAMPLE, "tasks": 1, "sources": [SOURCE], "problems": ["a.gz: ends too early"]}),
}


@pytest.mark.parametrize("made", REPORTS.values(), ids=REPORTS)
def test_reports_are_what_the_schema_describes(made: dict[str, Any]) -> None:
    """Every report that is written validates."""
    assert [error.message for error in VALIDATOR.iter_errors(json.loads(render(made, "json")))] == []


def test_the_schema_refuses_what_is_not_a_report() -> None:
    """A member too many, one too few, and a verdict of one's own are refused."""
    for broken in (
        {**FULL, "extra": 1},
        {key: value for key, value in FULL.items() if key != "summary"},
        {**FULL, "summary": {**FULL["summary"], "verdict": "fine"}},
        {**FULL, "findings": [{**FULL["findings"][0], "level": "MAY"}]},
    ):
        assert not VALIDATOR.is_valid(broken)


def test_the_schema_knows_the_words_of_the_model() -> None:
    """Statuses and verdicts are the same in the schema and in the code."""
    assert tuple(SCHEMA["$defs"]["status"]["enum"]) == STATUSES
    assert tuple(SCHEMA["$defs"]["verdict"]["enum"]) == VERDICTS


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for name, each in schema.get("properties", {}).items():
            yield f"{path}/{name}", each
        for key, each in schema.items():
            if key not in {"examples", "enum"}:
                yield from properties(each, f"{path}/{key}")
    elif isinstance(schema, list):
        for each in schema:
            yield from properties(each, path)


@pytest.mark.parametrize("name", ["conformance-report", "logconform-config"])
def test_every_property_is_described_by_an_example_that_holds(name: str) -> None:
    """The reference pages are generated from descriptions and examples; the examples are true."""
    schema = json.loads((Path(__file__).parents[2] / "schemas" / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    found = list(properties(schema))
    assert len(found) > 10
    for path, each in found:
        assert each.get("description") and each.get("examples"), path
        validator = Draft202012Validator({**each, "$defs": schema["$defs"]})
        assert [(path, error.message) for example in each["examples"] for error in validator.iter_errors(example)] == []


def test_json_is_indented_by_two_and_ends_with_a_newline() -> None:
    """A report can be read and compared line by line."""
    text = render(FULL, "json")
    assert text.startswith('{\n  "report_version": "1.0",\n  "contract_version": "1.0",\n')
    assert text.endswith("\n}\n")
    assert json.loads(text) == FULL


def test_the_same_report_gives_the_same_bytes_in_every_format() -> None:
    """Rendering depends on nothing but the report."""
    assert [render(FULL, name) for name in FORMATS] == [render(json.loads(json.dumps(FULL)), name) for name in FORMATS]


def test_an_unknown_format_is_refused() -> None:
    """The error names the formats there are."""
    with pytest.raises(
        ValueError, match=r"^no format 'yaml'; known are text, json, junit, sarif, github, markdown, badge$"
    ):
        render(FULL, "yaml")
