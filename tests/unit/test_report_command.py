"""`logconform report`: a report in another format, and the exit code of its verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from logconform.cli import main
from logconform.report import FORMATS, render
from tests.unit.test_report_model import finding, report, verdict

GOOD = report(verdict(RETRY003=(3, 0)))
BAD = report(verdict(finding(), RETRY003=(3, 0)))
WARNED = report(verdict(finding("FMT008"), FMT008=(3, 0)))
NOTHING = report({})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (("good", GOOD), ("bad", BAD), ("warned", WARNED), ("nothing", NOTHING)):
        Path(f"{name}.json").write_text(json.dumps(content), "utf-8")


def show(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments])


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_what_the_run_itself_would_have_written(form: str) -> None:
    """Nothing is lost on the way through the file."""
    assert show("bad.json", "--format", form).output == render(BAD, form)


CODES: list[tuple[list[str], int]] = [
    (["good.json"], 0),
    (["bad.json"], 1),
    (["bad.json", "--fail-on", "none"], 0),
    (["warned.json"], 0),
    (["warned.json", "--fail-on", "warning"], 1),
    (["nothing.json", "--fail-on", "none"], 3),
]


@pytest.mark.parametrize(("arguments", "code"), CODES)
def test_the_exit_code_is_that_of_the_verdict(arguments: list[str], code: int) -> None:
    """A step that only renders can decide the job as well."""
    assert show(*arguments).exit_code == code


def test_the_output_goes_to_a_file_and_never_over_the_report() -> None:
    """`--output` writes a file; the report itself is refused."""
    assert show("good.json", "--format", "badge", "--output", "badge.json").output == ""
    assert json.loads(Path("badge.json").read_text("utf-8"))["message"] == "conforms"
    refused = show("good.json", "--output", "good.json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "Error: good.json: is one of the files to read; write somewhere else\n"


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


UNREADABLE: list[tuple[str, str]] = [
    ("", "a.json: is empty; "),
    ("[]", "a.json: is no report, by its schema, at the top level: [] is not of type "),
    ("{}\n{}\n", "a.json: holds several JSON texts, as a log does, not one report or catalog; "),
    (json.dumps(without("summary")), 'a.json: is no report, by its schema, at the top level: "summary" is a required'),
    (json.dumps(without("causes")), "a.json: is a report of an older version, without causes; "),
    (json.dumps({**GOOD, "summary": {}}), "a.json: is no report, by its schema, at summary: "),
]


@pytest.mark.parametrize(("text", "message"), UNREADABLE)
def test_what_is_no_report_is_refused_with_its_place(text: str, message: str) -> None:
    """One line with the file, what is wrong, and the remedy; the exit code is no verdict."""
    Path("a.json").write_text(text, "utf-8")
    result = show("a.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {message}")
    assert "; give it what `logconform" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_missing_file_is_told() -> None:
    """No traceback, and the path."""
    result = show("none.json")
    assert (result.exit_code, result.stderr) == (2, "Error: none.json: no such file; check the path\n")
