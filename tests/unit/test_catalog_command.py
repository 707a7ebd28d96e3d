"""`logconform catalog`: from paths to a catalog, and how it looks."""

from __future__ import annotations

import gzip
import io
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from logconform.check.catalogue import Catalog, engine, page, table
from logconform.check.sources import Block, Source
from logconform.cli import main
from logconform.report import Look
from tests.unit.interrupting import Interrupting

FIRST = (
    b'{"timestamp": "2025-09-12T20:05:03.001184Z", "level": "info", "service": "worker", "logger": "app.tasks", '
    b'"event": "Mail sent", "size": 2}\n'
)
SECOND = FIRST.replace(b'"size": 2', b'"size": null, "to": "ann"').replace(b"03.0", b"04.0").replace(b"info", b"error")
HOSTILE = json.dumps(
    {"service": "a|b\x1b[31m", "logger": "<b>", "event": "``` ![x](y)\u202e", "@me": "<script>"}
).encode()


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("worker.log").write_bytes(FIRST + b"a banner\n" + SECOND)
    return tmp_path


def catalog(*arguments: object, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["catalog", *map(str, arguments)], input=given)


def told(*arguments: object, given: bytes | None = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(catalog(*arguments, "--format", "json", given=given).stdout)
    return made


def test_the_text_is_exactly_this() -> None:
    """One line per event, below what was read and what could not be."""
    result = catalog("worker.log")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "1 event: worker.log, 2 records, 304 bytes\n"
        "1 line without a record: see `logconform check` (FMT001)\n"
        "\n"
        "service worker\n"
        "logger     event      records  levels           fields  first seen                   last seen\n"
        "app.tasks  Mail sent        2  error 1, info 1       7  2025-09-12T20:05:03.001184Z  "
        "2025-09-12T20:05:04.001184Z\n"
    )


def test_verbose_shows_the_fields() -> None:
    """Each field has its types, and how often it is there."""
    lines = catalog("worker.log", "--verbose").stdout.splitlines()
    assert [each.strip() for each in lines[-2:]] == ["size: integer or null, 100 %", "to: string, 50 %"]


def test_the_page_has_a_section_per_event() -> None:
    """The Markdown page shows an event's fields with examples, and its earliest record."""
    text = catalog("worker.log", "--format", "markdown").stdout
    assert text.startswith("# Log events\n\n1 event: worker.log, 2 records, 304 bytes\n\n- 1 line without a record")
    assert "\n### Mail sent\n\n2 records of app.tasks, from 2025-09-12T20:05:03.001184Z to " in text
    assert '\n| size | integer, null | 100 % | 2 |\n| to | string | 50 % | "ann" |\n' in text
    assert text.endswith(f"\n```json\n{json.dumps(json.loads(FIRST), separators=(',', ':'))}\n```\n")


def test_a_hostile_sample_cannot_leave_its_place() -> None:
    """What a sample says never steers a terminal, breaks a table, or becomes markup."""
    made = told("-", given=HOSTILE)
    page_text, table_text = page.render(made), table.render(made, Look(verbose=True))
    for text in (page_text, table_text):
        assert "\x1b" not in text
        assert "\u202e" not in text
    prose, _, rest = page_text.partition("\n````json\n")
    assert "\n### \\`\\`\\` \\!\\[x\\](y)\\\\u202e\n" in prose
    assert not {"<script>", "<b>", "@me"} & set(prose.replace("\\", "\0").split())
    assert rest.endswith("\n````\n")


def test_the_sum_does_not_depend_on_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process or three, files or standard input: the same events."""
    monkeypatch.setattr(engine, "BLOCK", 1_000)
    lines = [FIRST.replace(b"Mail", f"Mail {chr(97 + each % 20)}".encode()) for each in range(200)]
    Path("many.log").write_bytes(b"".join(lines))
    one = told("many.log", "--jobs", "1")
    assert one["subject"] == {"paths": ["many.log"], "bytes": sum(map(len, lines)), "records": 200, "unreadable": 0}
    assert told("many.log", "--jobs", "3") == one
    assert told("-", given=b"".join(lines))["events"] == one["events"]
    assert len(one["events"]) == 20


def test_packed_and_wrapped_logs_are_unwrapped() -> None:
    """The text says how a source was read."""
    wrapped = json.dumps({"log": FIRST.decode(), "stream": "stdout", "time": "2025-09-12T20:05:03.1Z"}).encode() + b"\n"
    Path("docker.log.gz").write_bytes(gzip.compress(wrapped * 3))
    made = told("docker.log.gz", "worker.log")
    assert made["subject"]["read_as"] == ["docker.log.gz (gzip, docker)"]
    assert [each["count"] for each in made["events"]] == [5]
    assert "\nread as: docker.log.gz (gzip, docker)\n" in catalog("docker.log.gz").stdout


def test_a_line_without_end_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a line beyond every limit nothing is kept; what stands around it is read."""
    monkeypatch.setattr(engine, "BLOCK", 1_000)
    monkeypatch.setattr("logconform.check.sources.plain.HARD_LIMIT", 5_000)
    Path("long.log").write_bytes(FIRST + b'{"event": "' + b"x" * 1_000_000 + b'"}\n' + SECOND)
    made = told("long.log")
    assert (made["subject"]["records"], made["subject"]["unreadable"]) == (2, 1)
    assert made["subject"]["bytes"] == Path("long.log").stat().st_size


CODES = [
    (["worker.log"], 0, ""),
    (["empty.log"], 3, ""),
    (["none.log"], 2, "Error: none.log: no such file or folder; check the path\n"),
    (["worker.log", "--output", "no/where.json"], 2, "Error: no/where.json: there is no folder no; create it first\n"),
    (
        ["worker.log", "--output", "worker.log"],
        2,
        "Error: worker.log: is one of the files to read; write somewhere else\n",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), CODES, ids=lambda value: str(value)[:40])
def test_the_exit_code_says_whether_there_is_a_catalog(arguments: list[str], code: int, message: str) -> None:
    """0 with records, 3 without any, 2 for what can't be read or written, in one line."""
    Path("empty.log").write_bytes(b"")
    result = catalog(*arguments)
    assert (result.exit_code, result.stderr) == (code, message)


def test_a_damaged_file_costs_its_own_records_only() -> None:
    """The catalog covers what could be read, says what could not, and the exit code is 2."""
    Path("cut.log.gz").write_bytes(gzip.compress(FIRST * 100)[:-6])
    result = catalog("cut.log.gz", "worker.log", "--format", "json", "--output", "made.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: cut.log.gz: ")
    subject = json.loads(Path("made.json").read_text())["subject"]
    assert subject["records"] == 102
    assert len(subject["problems"]) == 1


def test_ctrl_c_gives_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog then says that it is partial, and the exit code is 130."""
    monkeypatch.setattr(engine, "BLOCK", 1)
    made = engine.catalog_block

    def interrupted(block: Block) -> Catalog:
        signal.raise_signal(signal.SIGINT)
        return made(block)

    monkeypatch.setattr(engine, "catalog_block", interrupted)
    before = signal.getsignal(signal.SIGINT)
    result = catalog("worker.log", "--format", "json", "--jobs", "1")
    assert result.exit_code == 130
    subject = json.loads(result.stdout)["subject"]
    assert (subject["partial"], subject["records"], subject["bytes"]) == (True, 1, len(FIRST))
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_waiting_gives_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live stream that is interrupted gives the catalog of all that it wrote."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Interrupting(FIRST + SECOND)))
    survey = engine.Survey([Source("-")])
    survey.run(jobs=2)
    assert (survey.partial, survey.catalog.records, survey.size) == (True, 2, len(FIRST + SECOND))


def test_help_documents_the_exit_codes() -> None:
    """Who scripts the command finds its exit codes, and an example to start from."""
    text = catalog("--help").output
    for code in ("0", "2", "3", "130"):
        assert f"\n    {code} " in text
    assert "    logconform catalog logs/\n" in text
