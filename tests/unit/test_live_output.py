"""What is told while a stream is followed, and which service it is held against."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from logconform.check.follow import Judges
from logconform.check.follow_output import PLACES_TOLD, Teller
from logconform.config import Config, Waiver
from logconform.contract import load_contract
from logconform.findings import Finding
from logconform.records import Place, Reading, read_line

CONTRACT = load_contract()


def finding(requirement: str = "FMT004", line: int = 3, **members: Any) -> Finding:
    raw = json.dumps({"level": "notice", **members}).encode() + b"\n"
    record = read_line(raw, Place("worker.log", line, 10 * line)).record
    assert record is not None
    return Finding.about(record, requirement, "level is wrong", fix="Write it in lower case.")


def told(*findings: Finding, config: Config | None = None, **options: Any) -> str:
    stream = io.BytesIO()
    teller = Teller(CONTRACT, config or Config(), set(CONTRACT), stream=stream, **options)
    for each in findings:
        teller.tell(each)
    return stream.getvalue().decode()


def test_a_finding_is_told_like_in_the_report() -> None:
    """Requirement, kind, place, excerpt, remedy, and where there is more."""
    assert told(finding(task_id="3f1c7a2e-9d41-4c6b-8f0e-2b5d9c1a7e64")) == (
        "FMT004 violation: level is wrong\n"
        "  --> worker.log:3  task 3f1c7a2e…\n"
        '   | {"level": "notice", "task_id": "3f1c7a2e-9d41-4c6b-8f0e-2b5d9c1a7e64"}\n'
        "   = fix: Write it in lower case.\n"
        "   = more: logconform explain FMT004\n"
        "\n"
    )


@pytest.mark.parametrize(
    ("requirement", "config", "kind"),
    [
        ("FMT012", Config(), "warning"),
        ("FMT004", Config(waivers=(Waiver("FMT004", "known"),)), "waived"),
        ("FMT004", Config(profiles=("retry",)), "violation, not judged"),
    ],
)
def test_a_finding_is_called_what_it_counts_as(requirement: str, config: Config, kind: str) -> None:
    """A SHOULD warns, a waiver and a profile hold here as they do in the report."""
    assert told(finding(requirement), config=config).startswith(f"{requirement} {kind}: ")


def test_of_one_cause_a_few_places_are_told() -> None:
    """A fault in every record does not bury the others; the last one told says that more are counted."""
    text = told(*(finding(line=number) for number in range(1, 100)), finding(event="another"))
    assert text.count("  --> ") == PLACES_TOLD + 1
    assert text.count("further ones of this cause are counted in the summary") == 1
    assert told(*(finding(line=number) for number in range(1, 100)), verbose=True).count("  --> ") == 99


def test_nothing_that_is_told_steers_the_terminal_or_shows_a_secret() -> None:
    """Escapes are spelt out and secrets masked, in the excerpt as in the message."""
    text = told(finding(name="\x1b[31m", password="hunter22-hunter22"))
    assert "\x1b" not in text
    assert "hunter22" not in text


def test_what_was_not_selected_is_not_told() -> None:
    """`--only` and `--ignore` hold for what comes, too."""
    stream = io.BytesIO()
    Teller(CONTRACT, Config(), {"CTX005"}, stream=stream).tell(finding())
    assert stream.getvalue() == b""


# Services


def reading(number: int, **members: Any) -> Reading:
    return read_line(json.dumps(members).encode() + b"\n", Place("log", number, 100 * number))


def test_services_are_judged_apart() -> None:
    """Each has its own verdict; a record that names none goes where its task is, and else stands alone."""
    judges = Judges()
    judges.see(reading(1, service="a", task_id="t1", event="x"))
    judges.see(reading(2, service="b", event="x"))
    judges.see(reading(3, task_id="t1", event="x"))
    judges.see(reading(4, event="x"))
    lines = {service: verdict.counts["FMT001"].checked for service, verdict in judges.close().items()}
    assert lines == {"a": 2, "b": 1, None: 1}


def test_where_there_is_one_service_all_is_its() -> None:
    """A banner before the first record is held against the service that then speaks."""
    judges = Judges()
    judges.see(read_line(b"a banner\n", Place("log", 1, 0)))
    judges.see(reading(2, service="a", event="x"))
    verdicts = judges.close()
    assert list(verdicts) == ["a"]
    assert (verdicts["a"].counts["FMT001"].checked, verdicts["a"].counts["FMT001"].violations) == (2, 1)
