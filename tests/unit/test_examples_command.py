"""`logconform examples`: which blocks of a page show records, and how fixtures and blocks are judged."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from logconform.check.fences import blocks_of
from logconform.cli import main

ROOT = Path(__file__).parents[2]
HEAD = '{"timestamp": "2025-09-12T20:05:03.001184Z", "level": "info", "service": "shop", "logger": "shop"'
GOOD = HEAD + ', "event": "Signed in"}'
BAD = GOOD.replace("info", "INFO")
TORN = HEAD + ', "event": "Sig'
TASK = HEAD + ', "task_id": "t-1", "operation": "task.a", "correlation_id": "t-1", "task_name": "a", '
START = TASK + '"event": "Task starting", "args_count": 0, "kwargs_keys": []}'
END = TASK + '"event": "Task completed", "state": "SUCCESS", "has_return_value": true, "duration_ms": 4}'
SPREAD = GOOD.replace(", ", ",\n  ").replace("{", "{\n  ").replace("}", "\n}")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def examples(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["examples", *arguments])


def page(text: str) -> Result:
    Path("page.md").write_text(text, "utf-8")
    return examples("page.md", "--verbose")


def fence(text: str, info: str = "json", before: str = "") -> str:
    return f"# Page\n\n{before}\n```{info}\n{text}\n```\n"


def found(result: Result) -> list[tuple[str, str]]:
    """Return requirement and place of each cause that is told."""
    return re.findall(r"^(\w+\d{3}) violation: .*\n  --> (\S+)", result.output, re.MULTILINE)


PAGES = {
    "a record": (fence(GOOD), 0, []),
    "a record spread over lines": (fence(SPREAD), 0, []),
    "two records spread over lines": (fence(f"{SPREAD}\n{SPREAD}"), 0, []),
    "lines of records": (fence(f"{GOOD}\n\n{GOOD}", "ndjson"), 0, []),
    "a fault": (fence(BAD), 1, [("FMT004", "page.md:5")]),
    "a fault in the second line": (fence(f"{GOOD}\n{BAD}", "jsonl"), 1, [("FMT004", "page.md:6")]),
    "a fault in the second spread record": (
        fence(f"{SPREAD}\n{SPREAD.replace('info', 'INFO')}"),
        1,
        [("FMT004", "page.md:12")],
    ),
    "a torn line": (fence(f"{TORN}\n{GOOD}", "ndjson"), 1, [("FMT001", "page.md:5")]),
    "an ellipsis": (fence('{"event": "Signed in", "level": "info", ...}'), 1, [("FMT001", "page.md:5")]),
    "a missing member": (fence(GOOD.replace('"event"', '"message"')), 1, [("FMT007", "page.md:5")]),
    "in a list": (f"1. So:\n\n    ```json\n    {BAD}\n    ```\n", 1, [("FMT004", "page.md:4")]),
    "in a quotation": (f"> So:\n>\n> ~~~json\n> {BAD}\n> ~~~\n", 1, [("FMT004", "page.md:4")]),
    "two blocks": (fence(GOOD) + fence(BAD), 1, [("FMT004", "page.md:11")]),
    "a configuration": (fence('{"level": "info", "handlers": ["console"]}'), 3, []),
    "a list of records": (fence(f"[{GOOD}]"), 3, []),
    "another language": (fence(BAD, "text"), 3, []),
    "within another fence": (f"````markdown\n{fence(BAD)}````\n", 3, []),
    "ignored by a word": (fence(BAD, "json ignore"), 3, []),
    "ignored by a comment": (fence(BAD, before="<!-- logconform: ignore -->\n"), 3, []),
    "a comment is for the next block only": (
        fence(BAD, before="<!-- logconform: ignore -->\n") + fence(BAD),
        1,
        [("FMT004", "page.md:12")],
    ),
    "violating by a word": (fence(BAD, "json violates"), 0, []),
    "violating by a class": (fence(BAD, "{ .ndjson .violates }"), 0, []),
    "violating by a comment": (fence(BAD, before="<!-- logconform: violates -->\n"), 0, []),
    "violating by a label": (fence(BAD, before="**Violates**\n"), 0, []),
    "a label holds up to the next": (
        fence(BAD, before="**Violates**\n") + "**Conforms**\n" + fence(BAD),
        1,
        [("FMT004", "page.md:13")],
    ),
    "marked as violating, and conforms": (fence(GOOD, "json violates"), 1, []),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page(name: str) -> None:
    """Records are judged where they stand, other JSON is left alone, and a mark has to be true."""
    text, code, places = PAGES[name]
    result = page(text)
    assert (result.exit_code, found(result)) == (code, places), result.output


def test_a_wrong_mark_is_told_with_its_line() -> None:
    """An example of what is wrong that isn't wrong misleads."""
    told = "page.md:5: is marked as violating, and violates nothing; mend the record, or take the mark away"
    assert told in page(fence(GOOD, "json violates")).stderr.splitlines()


def test_blocks_do_not_touch_each_other() -> None:
    """Each block is a sample of its own: a task that is told of in two examples did not complete twice."""
    assert page(fence(f"{START}\n{END}", "ndjson") * 2).exit_code == 0
    assert found(page(fence(f"{START}\n{END}\n{END}", "ndjson"))) == [("DONE001", "page.md:7")]


def test_a_fixture_is_a_sample() -> None:
    """Lines of an .ndjson file; one without a log record is left alone."""
    Path("good.ndjson").write_text(f"{GOOD}\n", "utf-8")
    Path("bad.ndjson").write_text(f"{GOOD}\n{BAD}\n", "utf-8")
    Path("rows.ndjson").write_text('{"id": 1}\n{"id": 2}\n', "utf-8")
    assert examples("good.ndjson").exit_code == 0
    assert found(examples("good.ndjson", "bad.ndjson", "rows.ndjson")) == [("FMT004", "bad.ndjson:2")]
    assert examples("rows.ndjson").exit_code == 3
    assert examples("bad.ndjson", "--ignore", "fmt004").exit_code == 0
    assert examples("bad.ndjson", "--fail-on", "none").exit_code == 0


def test_a_complete_fixture_has_both_edges() -> None:
    """What a sample's edges leave open is decided with --complete: nothing was cut there."""
    Path("a.ndjson").write_text(f"{END}\n", "utf-8")
    assert (examples("a.ndjson").exit_code, found(examples("a.ndjson"))) == (0, [])
    assert found(examples("a.ndjson", "--complete")) == [("START001", "a.ndjson:1")]


def test_nothing_to_judge_is_told_apart() -> None:
    """Without a record the exit code is 3; a hook, which is given whatever changed, allows that."""
    Path("page.md").write_text("# Nothing\n", "utf-8")
    assert (examples("page.md").exit_code, examples("page.md", "--allow-empty").exit_code) == (3, 0)
    assert examples("page.md").stderr == "no log records in page.md\n"


def test_waivers_hold_here_too() -> None:
    """What the service accepts in its log it accepts in its examples."""
    Path("logconform.toml").write_text('[[waivers]]\nrequirement = "FMT004"\nreason = "old"\n', "utf-8")
    assert page(fence(BAD)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.md"], "Error: none.md: "),
        (["page.md", "--only", "FMT400"], "Error: no requirement is called FMT400; did you mean"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], message: str) -> None:
    """The exit code 2, the path or the name, and no traceback."""
    Path("page.md").write_text(fence(GOOD), "utf-8")
    result = examples(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)


def test_a_fence_without_an_end_runs_to_the_end_of_the_page() -> None:
    """As in every renderer of Markdown."""
    [block] = blocks_of(f"```json\n{GOOD}".encode())
    assert (block.number, block.shows_records()) == (2, True)


def test_the_hook_is_this_command_and_accepts_this_repository() -> None:
    """`.pre-commit-hooks.yaml` names a command that exists, matches both kinds of files, and passes here, quickly."""
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    command, *arguments = hook["entry"].split()
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    assert command == "logconform"
    assert all(re.search(hook["files"], name) for name in ("a.ndjson", "tests/a.jsonl", "README.md"))
    assert len(pages) > 30
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "logconform", *arguments, *map(str, pages)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert time.monotonic() - began < 15  # under a second on an idle machine
