"""`logconform diff`: from two files to an exit code, and what it says of files that are neither."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from logconform.cli import main
from logconform.report import diff_input, render
from tests.unit.test_diff_catalogs import catalog, record
from tests.unit.test_diff_reports import PASSED, with_status


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    write("good.json", PASSED)
    write("bad.json", with_status("violated", 10, 1))
    write("catalog.json", catalog([record(size=1)]))
    write("smaller.json", catalog([record()]))
    return tmp_path


def write(name: str, content: Any) -> None:
    Path(name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments])


CODES = [
    (["good.json", "good.json"], 0),
    (["good.json", "bad.json"], 1),
    (["bad.json", "good.json"], 0),
    (["good.json", "bad.json", "--fail-on", "none"], 0),
    (["catalog.json", "smaller.json"], 1),
    (["smaller.json", "catalog.json"], 0),
]


@pytest.mark.parametrize(
    ("arguments", "code"), CODES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_the_exit_code_tells_a_regression(arguments: list[str], code: int) -> None:
    """1 on a regression, 0 otherwise, and nothing on standard error."""
    result = diff(*arguments)
    assert (result.exit_code, result.stderr) == (code, "")


def test_the_output_goes_to_a_file_in_every_format() -> None:
    """`--output` writes what would be printed."""
    for form in ("text", "json", "markdown"):
        printed = diff("good.json", "bad.json", "--format", form).stdout
        result = diff("good.json", "bad.json", "--format", form, "--output", "made")
        assert (result.exit_code, result.stdout) == (1, "")
        assert Path("made").read_text("utf-8") == printed
    assert json.loads(diff("good.json", "bad.json", "--format", "json").stdout)["regression"] is True


REMEDY = "give it what `logconform check`, `run` or `catalog` write with `--format json`"
WHOLE = "x.json: is no whole conformance report: "
STATUSES = "'passed', 'violated', 'warned', 'not_tested', 'inconclusive' or 'waived'"
VERSION = "this logconform reads 1.x; write the conformance report again with this version"
REFUSED: dict[str, tuple[Any, str]] = {
    "empty": ("", f"x.json: is empty; {REMEDY}"),
    "xml": (render(PASSED, "junit"), f"x.json: is XML, neither a report nor a catalog; {REMEDY}"),
    "no_json": (
        '{\n  "report_version": "1.0",\n  oops\n',
        f"x.json: line 3, column 3: is not JSON: Expecting property name enclosed in double quotes; {REMEDY}",
    ),
    "a_log": (
        '{"event": "a"}\n{"event": "b"}\n',
        f"x.json: holds several JSON texts, as a log does, not one report or catalog; {REMEDY}",
    ),
    "one_record": ('{"event": "a"}\n', f"x.json: is a log record, neither a report nor a catalog; {REMEDY}"),
    "sarif": ({"version": "2.1.0", "runs": []}, f"x.json: is a SARIF log, neither a report nor a catalog; {REMEDY}"),
    "other_json": ({"a": 1}, f"x.json: is JSON, neither a report nor a catalog; {REMEDY}"),
    "array": ([], f"x.json: is JSON, but neither a report nor a catalog; {REMEDY}"),
    "deep": ("[" * 100_000, f"x.json: nests too deep to be a report or a catalog; {REMEDY}"),
    "another_version": ({**PASSED, "report_version": "2.0"}, f'x.json: has report_version "2.0", {VERSION}'),
    "version_of_no_kind": ({**PASSED, "report_version": 1}, f"x.json: has report_version 1, {VERSION}"),
    "half_a_report": ({"report_version": "1.0"}, f"{WHOLE}contract_version: Field required; write it again"),
    "wrong_status": (with_status("fine"), f"{WHOLE}requirements.2.status: Input should be {STATUSES}; write it again"),
    "wrong_type": (
        with_status("passed", title=3),
        f"{WHOLE}requirements.2.title: Input should be a valid string; write it again",
    ),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_report_is_refused_in_one_line(content: Any, message: str) -> None:
    """The message says what the file is, where the fault is, and the remedy; on either side."""
    write("x.json", content)
    for arguments in (["x.json", "good.json"], ["good.json", "x.json"]):
        result = diff(*arguments)
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {message}\n")


def test_files_that_cannot_be_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, a folder, not UTF-8, too long: one line each."""
    Path("latin.json").write_bytes(b'{\n"a": "\xe9"}')
    Path("folder").mkdir()
    assert diff("none.json", "good.json").stderr == "Error: none.json: no such file; check the path\n"
    assert diff("folder", "good.json").stderr == "Error: folder: is a folder; name the report in it\n"
    assert diff("latin.json", "good.json").stderr == f"Error: latin.json: line 2 is not UTF-8 (byte 8); {REMEDY}\n"
    monkeypatch.setattr(diff_input, "LIMIT", 10)
    assert diff("good.json", "good.json").stderr == (
        f"Error: good.json: has more than 10 bytes, no report or catalog is that long; {REMEDY}\n"
    )


def test_two_of_one_kind_are_compared() -> None:
    """A report and a catalog have nothing in common."""
    assert diff("good.json", "catalog.json").stderr == (
        "Error: good.json is a conformance report, catalog.json is a catalog; compare two of one kind\n"
    )


def test_an_input_is_never_written_over() -> None:
    """`--output` names neither of the two, nor a folder that is not there."""
    assert diff("good.json", "bad.json", "--output", "./bad.json").exit_code == 2
    assert json.loads(Path("bad.json").read_text()) == with_status("violated", 10, 1)
    assert diff("good.json", "bad.json", "--output", "no/where").stderr == (
        "Error: no/where: there is no folder no; create it first\n"
    )


def test_help_documents_the_exit_codes() -> None:
    """Who scripts the command finds its exit codes, and an example to start from."""
    text = diff("--help").output
    for code in "012":
        assert f"\n    {code}  " in text
    assert "    logconform diff before.json after.json\n" in text
