"""The report as annotations of GitHub."""

from __future__ import annotations

from typing import Any

import pytest

from logconform.config import Waiver
from logconform.records import Place
from logconform.report import render
from tests.unit.test_report_model import PREFORK, finding, report, verdict


def lines(*args: Any, **rest: Any) -> list[str]:
    made = render(report(*args, **rest), "github")
    assert made.endswith("\n")
    return made.splitlines()


def test_the_whole_output_is_exactly_this() -> None:
    """A cause is one annotation at its first place, with its total and its remedy; a notice tells the totals."""
    shown = {"task_id": "3f1c", "evidence": '{"a": "50%"}', "fix": "write it once", "logger": "app", "event": "x"}
    found = verdict(finding("FMT008", line=2), *[finding(line=each, **shown) for each in (7, 9)], RETRY003=(4, 0))
    assert lines(found) == [
        "::error file=worker.log,line=7,title=RETRY003 violation::says retrying%0A--> worker.log:7 (byte 700)"
        '  task 3f1c%0A| {"a": "50%25"}%0A2 of 4 checked (50 %25), from app: "x"%0Afix: write it once'
        "%0Amore: logconform explain RETRY003",
        "::warning file=worker.log,line=2,title=FMT008 warning::says retrying%0A--> worker.log:2 (byte 200)"
        "%0A1 of 1 checked (100 %25)%0Amore: logconform explain FMT008",
        "::notice title=logconform::does not conform: billing:app on prefork-embedded, against contract 1.0"
        "%0A3 findings of 2 causes",
    ]


def test_ten_errors_and_ten_warnings_are_annotated_and_the_rest_counted() -> None:
    """GitHub shows no more; each requirement's first cause goes before any second one."""
    found = [finding(name, line, message=f"{name} {line}") for name in ("FMT008", "RETRY003") for line in range(1, 14)]
    made = lines(verdict(*found, finding("FMT001", 99)))
    assert [each.split("::")[1].split()[0] for each in made] == ["error"] * 10 + ["warning"] * 10 + ["notice"]
    assert [each.split("title=")[1].split()[0] for each in made[:3]] == ["FMT001", "RETRY003", "RETRY003"]
    assert made[-1].endswith("%0A27 findings of 27 causes%0Anot annotated: 7 causes; the other formats show them")


def test_what_decides_nothing_is_counted_only() -> None:
    """A waived violation is no annotation."""
    made = lines(verdict(finding(), finding("TRACE001"), FMT001=(1, 0)), waivers=[Waiver("RETRY003", "known")])
    assert len(made) == 1
    assert made[0].startswith("::notice title=logconform::conforms, resting on 1 waiver: ")
    assert made[0].endswith("%0A2 findings of 2 causes%0Anot annotated: 2 causes; the other formats show them")


@pytest.mark.parametrize(
    ("path", "properties"),
    [
        ("worker.log", "file=worker.log,line=3,"),
        ("a,b:c%.log", "file=a%2Cb%3Ac%25.log,line=3,"),
        ("a\r\n::error::x.log", "file=a\\r\\n%3A%3Aerror%3A%3Ax.log,line=3,"),
        ("-", ""),
        ("s3://bucket/worker.log", ""),
    ],
)
def test_only_a_file_is_named_as_one(path: str, properties: str) -> None:
    """Standard input and addresses can't be opened; what steers a command in a name is encoded."""
    made = lines(verdict(finding(place=Place(path, 3, 300))))
    assert made[0].startswith(f"::error {properties}title=RETRY003 violation::says retrying%0A--> ")


def test_problems_and_stale_waivers_are_errors_and_leave_room() -> None:
    """What makes a run fail or doubtful comes first, in at most four annotations."""
    subject = {"kind": "sample", "paths": ["a.log"], "records": 1, "bytes": 9, "problems": ["a.gz: cut"] * 5}
    found = verdict(*[finding(line=each, message=f"{each}") for each in range(1, 14)])
    made = lines(found, subject=subject, waivers=[Waiver("FMT001", "known"), Waiver("FMT008", "too")])
    assert made[:3] == ["::error title=could not be read::a.gz: cut"] * 3
    assert made[3] == (
        "::error title=2 stale waivers::FMT001: covers nothing that was found (known)"
        "%0AFMT008: covers nothing that was found (too)%0Afix: remove the waiver, or give it a new date"
    )
    assert sum(each.startswith("::error ") for each in made) == 10


def test_nothing_tested_is_an_error() -> None:
    """The step fails then, and its annotation says why."""
    assert lines({}, [PREFORK])[-1].startswith("::error title=logconform::nothing tested: ")
