"""Every format, over a report whose texts are written to break it."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from logconform.config import Waiver
from logconform.records import Place
from logconform.report import FORMATS, Look, render
from logconform.report.model import Environment, EvidenceLine
from tests.unit.test_report_model import finding, report, scenario, verdict

HOSTILE = (
    "".join(map(chr, range(0x20))) + "\x7f\x85\x9b[2J\u2028\u2029\u200f\u202e\u2066\ud800\udcff\ufeff\ufffe\uffff"
    "]]>&lt;<script>alert(1)</script>\n::error::x\r\n::set-output name=a::b%0A%3A,|`|*b* [l](javascript:x) @all #1"
    "[bold red]x[/bold red] :smile: {{ x }} '\" \\"
)
NAME = "environment \x1b[31m|\n::error::"
UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u200f\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def hostile_report() -> dict[str, Any]:
    texts = {"message": HOSTILE, "evidence": HOSTILE, "fix": HOSTILE, "task_id": HOSTILE}
    found = [
        finding(name, **texts, logger=HOSTILE, event=HOSTILE, shape=HOSTILE, place=Place(HOSTILE, 3, 300))
        for name in ("FMT001", "FMT008", "RETRY003", "TRACE001")
    ]
    return report(
        {NAME: verdict(*found, finding(place=None, message=HOSTILE + "2"))},
        [Environment(NAME, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}), Environment("gone", skipped=HOSTILE)],
        subject={
            "kind": "sample",
            "paths": [HOSTILE],
            "records": 1,
            "bytes": 1,
            "sources": [{"path": HOSTILE, "bytes": 1, "compression": "gzip", "envelope": "docker"}],
            "problems": [HOSTILE],
        },
        scenarios=[scenario("violated", NAME, reason=HOSTILE, evidence=[EvidenceLine(HOSTILE, Place(HOSTILE, 1, 0))])],
        waivers=[Waiver("RETRY003", HOSTILE), Waiver("FMT001", HOSTILE, environment="nowhere")],
        reasons={"FMT001": HOSTILE},
    )


MADE = hostile_report()


@pytest.mark.parametrize("format", sorted(set(FORMATS) - {"json"}))
@pytest.mark.parametrize("look", [Look(), Look(verbose=True)], ids=["plain", "verbose"])
def test_no_text_steers_whoever_reads_it(format: str, look: Look) -> None:
    """No format lets a control character, a mark of direction or half a character through; JSON escapes them."""
    made = render(MADE, format, look)
    decoded = made if format not in {"sarif", "badge"} else "".join(strings(json.loads(made)))
    assert UNSAFE.findall(decoded) == []
    assert made.encode("utf-8").endswith(b"\n")


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in (key, *strings(each))]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


def test_xml_and_json_stay_whole() -> None:
    """Parsers read what was written."""
    ElementTree.fromstring(render(MADE, "junit"))
    assert json.loads(render(MADE, "json")) == MADE
    assert json.loads(render(MADE, "sarif"))["version"] == "2.1.0"


def test_no_line_is_a_command_that_was_not_meant() -> None:
    """Every line of the annotations is one of ours; no line of the other formats for people is a command."""
    for line in render(MADE, "github").splitlines():
        assert re.match(r"::(error|warning|notice) (?:[a-z]+=[^:,\s][^:,]*,?)+::[^\r\n]*$", line), line
    for format in ("text", "markdown"):
        assert [line for line in render(MADE, format).splitlines() if line.lstrip().startswith("::")] == []


def test_markdown_holds_no_markup_of_a_log() -> None:
    """All tags are ours."""
    made = render(MADE, "markdown")
    assert set(re.findall(r"<[^>]*>", made)) == {"<code>", "</code>", "<br>", "<!-- -->"}
    assert set(re.findall(r"&#\d+;|[\[\]`@~$\\]", made)).isdisjoint("[]`@~$\\")
