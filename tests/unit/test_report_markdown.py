"""The report as a Markdown summary."""

from __future__ import annotations

import re
from typing import Any

import pytest

from logconform.config import Waiver
from logconform.report import render
from logconform.report.markdown import escaped
from tests.unit.test_report_model import finding, report, verdict


def markdown(*args: Any, **rest: Any) -> str:
    return render(report(*args, **rest), "markdown")


def test_the_whole_output_is_exactly_this() -> None:
    """The verdict comes first, then counts, then the causes with place, total, prevalence and remedy."""
    shown = {"task_id": "3f1c", "fix": "write it once", "logger": "app", "event": "Task failed"}
    found = verdict(finding("FMT008", 2), *[finding(line=each, **shown) for each in (7, 9)], RETRY003=(4803, 0))
    assert markdown(found) == (
        "## ❌ logconform: does not conform\n"
        "\n"
        "<code>billing&#58;app on prefork-embedded</code>, against contract 1.0\n"
        "\n"
        "| Profile | passed | violated | warned | not tested | inconclusive | waived |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| core | 0 | 0 | 1 | 1 | 0 | 0 |\n"
        "| retry | 0 | 1 | 0 | 0 | 0 | 0 |\n"
        "| tracing (not judged) | 0 | 0 | 0 | 1 | 0 | 0 |\n"
        "\n"
        "| Requirement | What is wrong | First place | Total | Of the checks | Fix |\n"
        "| --- | --- | --- | ---: | ---: | --- |\n"
        '| **RETRY003** violation | says retrying<br><code>app&#58; "Task failed"</code>'
        " | <code>worker.log&#58;7  task 3f1c</code> | 2 | under 0.1 % | write it once |\n"
        "| **FMT008** warning | says retrying | <code>worker.log&#58;2</code> | 1 | 100 % |  |\n"
    )


def test_how_a_sample_was_read_and_what_could_not_be_read_are_told() -> None:
    """A summary over half of the files says so."""
    source = {"path": "a.log.gz", "bytes": 9, "compression": "gzip", "envelope": None}
    subject = {"kind": "sample", "paths": ["a.log.gz"], "records": 1, "bytes": 9, "sources": [source]}
    made = markdown(verdict(FMT001=(1, 0)), subject={**subject, "problems": ["b.gz: <cut>"]})
    assert "\n\nRead as: <code>a.log.gz &#40;gzip&#41;</code>\n\n- **problem:** b.gz&#58; &#60;cut&#62;\n\n" in made


def test_a_stale_waiver_is_told() -> None:
    """What makes the run fail stands above the tables."""
    made = markdown(verdict(RETRY003=(1, 0)), waivers=[Waiver("RETRY003", "known")])
    assert "\n\n- **stale waiver:** RETRY003 covers nothing that was found\n\n| Profile" in made


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a&#124;b"),
        ("`x`", "&#96;x&#96;"),
        ("<script>", "&#60;script&#62;"),
        ("@team", "&#64;<!-- -->team"),
        ("owner/repo#1", "owner/repo&#35;<!-- -->1"),
        ("[a](javascript:b)", "&#91;a&#93;&#40;javascript&#58;b&#41;"),
        ("https://x.y www.x.y", "https&#58;//x.y www&#46;x.y"),
        ("&lt; \\ *a* _b_ ~c~ $d$", "&#38;lt; &#92; &#42;a&#42; &#95;b&#95; &#126;c&#126; &#36;d&#36;"),
        ("a\r\n\u202eb\x00", "a&#92;r&#92;n&#92;u202eb&#92;x00"),
        ("x" * 201, "x" * 200 + "…"),
    ],
)
def test_no_text_is_markup(text: str, shown: str) -> None:
    """Markup, HTML, cells, links, mentions and references come out as the characters they are."""
    assert escaped(text) == shown


def test_rows_and_size_are_bounded() -> None:
    """GitHub takes 1 MiB: thousands of causes of the worst characters stay below half of it."""
    worst = "@" * 3_000
    found = [
        finding(name, line, message=f"{line}{worst}", fix=worst, event=worst, logger=worst, task_id=worst)
        for name in ("FMT001", "FMT008", "RETRY003")
        for line in range(1, 150)
    ]
    problems = [worst] * 3_000
    subject = {"kind": "sample", "paths": [worst], "records": 1, "bytes": 9, "problems": problems}
    made = markdown(verdict(*found), subject=subject)
    assert len(re.findall(r"^\| \*\*", made, re.MULTILINE)) == 50
    assert made.endswith("\n\nAnd 397 more causes, 397 findings.\n")
    assert len(made.encode()) < 2**20 // 2


def test_every_row_has_all_cells() -> None:
    """A cell that holds a pipe or a line break would break the table."""
    hostile = "a|b\n|c|\r`|`"
    made = markdown(verdict(finding(message=hostile, fix=hostile, event=hostile, logger=hostile, task_id=hostile)))
    [row] = [line for line in made.splitlines() if line.startswith("| **RETRY003**")]
    assert row.count("|") == 7
