"""`logconform explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from logconform.cli.explain import explain, explain_text
from logconform.contract import UnknownRequirement, load_contract

CONTRACT = load_contract()


def test_text():
    """An explanation names identity, level, statement, reason, checks and place, in this order."""
    lines = explain_text("CTX005", CONTRACT, lambda name: [f"rule: {name}", "scenario: a"]).split("\n\n")
    assert lines[0] == (
        "CTX005: Context never crosses executions\n"
        "MUST (breaking it is a violation), profile core, area Context binding"
    )
    assert lines[1].replace("\n", " ") == f"MUST: {CONTRACT['CTX005'].statement}"
    assert lines[2].replace("\n", " ") == f"Why: {CONTRACT.why_of('CTX005')}"
    assert lines[3] == "Checked by:\n  rule: CTX005\n  scenario: a"
    assert lines[4].startswith("Conforms:\n  {")
    assert lines[5].startswith("Violates:\n  {")
    assert lines[6] == (
        f"Written in docs/contract/context.md:{CONTRACT['CTX005'].line}, on the site at contract/context.html#CTX005"
    )


def test_should():
    """Breaking a SHOULD is a warning."""
    assert "SHOULD (breaking it is a warning), profile core" in explain_text("FMT008", CONTRACT, lambda _: [])


def test_without_checks():
    """A requirement that nothing enforces says so, and where a check of it is written."""
    text = explain_text("CTX005", CONTRACT, lambda _: [])
    assert "Checked by:\n  nothing yet: add `x-requirement` to the schema of its record" in text
    assert "or a Rule `@CTX005` in features/context.feature" in text


def test_records_stay_on_one_line():
    """An example's records are printed whole, one a line."""
    text = explain_text("START005", CONTRACT, lambda _: [])
    records = [json.loads(line) for line in text.splitlines() if line.startswith("  {")]
    assert len(records) == sum(len(each.text.splitlines()) for each in CONTRACT.examples_of("START005"))


@pytest.mark.parametrize("name", CONTRACT)
def test_every_requirement_can_be_explained(name: str):
    """The command explains each requirement and succeeds, whatever the case of the identifier."""
    result = CliRunner().invoke(explain, [name.lower()])
    assert result.exit_code == 0
    assert result.output.startswith(f"{name}: {CONTRACT[name].title}\n")


def test_unknown_identifier():
    """An unknown identifier is a usage error with a suggestion, never a traceback."""
    result = CliRunner().invoke(explain, ["CTXT005"])
    assert result.exit_code == 2
    assert "Error: no requirement is called CTXT005; did you mean CTX005" in result.output
    with pytest.raises(UnknownRequirement):
        explain_text("CTXT005", CONTRACT, lambda _: [])


def test_no_identifier():
    """Without an identifier the command is a usage error."""
    assert CliRunner().invoke(explain, []).exit_code == 2


def test_unreadable_contract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A contract that can't be read is a failure with file, line and remedy, never a traceback."""
    monkeypatch.setattr("logconform.cli.explain.load_contract", lambda: load_contract(tmp_path))
    result = CliRunner().invoke(explain, ["CTX005"])
    assert result.exit_code == 2
    assert f"Error: {tmp_path / 'index.md'}:1: the contract has no index page; write it" in result.output
