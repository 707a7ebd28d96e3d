"""`logconform.testing`: what can be judged, and what the plugin costs those who don't use it."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest

from logconform.contract import UnknownRequirement, load_contract
from logconform.testing import LogRecord, LogRecords, assert_conforms

GOOD = {
    "timestamp": "2025-09-12T20:05:03.001184Z",
    "level": "info",
    "service": "shop",
    "logger": "shop.tasks",
    "event": "Signed in",
}
BAD = {**GOOD, "level": "INFO"}
TEXT = '{"timestamp": "2025-09-12T20:05:03.001184Z", "level": "info", "service": "s", "logger": "l", "event": "e"}'


@pytest.mark.parametrize("records", [[GOOD], [TEXT], [TEXT.encode() + b"\n"], [GOOD, TEXT], iter([TEXT])])
def test_mappings_texts_and_bytes_are_lines(records: object) -> None:
    """A list of records may be of any of these, with or without newlines."""
    assert_conforms(records)  # type: ignore[arg-type]


def test_a_path_is_a_log(tmp_path: Path) -> None:
    """A path is read as `logconform check` reads it, and findings name its lines."""
    path = tmp_path / "worker.log"
    path.write_text(TEXT + "\nhello\n", "utf-8")
    assert_conforms(path, ignore="FMT001")
    with pytest.raises(AssertionError) as caught:
        assert_conforms(str(path))
    assert f"\n  --> {path}:2 (byte {len(TEXT) + 1})\n" in str(caught.value)


def test_a_log_that_is_damaged_is_not_right(tmp_path: Path) -> None:
    """What could be read of it conforms, but nobody knows the rest."""
    path = tmp_path / "worker.log.gz"
    path.write_bytes(gzip.compress(f"{TEXT}\n".encode() * 500)[:-12])
    with pytest.raises(AssertionError, match="^" + re.escape(f"{path}: ")):
        assert_conforms(path)


def test_the_text_is_what_stands_against_it() -> None:
    """The verdict and each cause, as the terminal report shows them; no table, and nothing of what holds."""
    with pytest.raises(AssertionError) as caught:
        assert_conforms([GOOD, BAD])
    first, blank, title, place, evidence, share, fix, more = str(caught.value).splitlines()
    assert first.startswith("does not conform: records, 2 records, no tasks, ")
    assert (blank, title) == (
        "",
        'FMT004 violation: level is "INFO"; must be one of debug, info, warning, error, critical',
    )
    assert place.startswith("  --> records:2 (byte ")
    assert evidence.startswith('   | {"timestamp": "2025-09-12T20:05:03.001184Z", "level": "INFO", ')
    assert share == '   = 1 of 2 checked (50 %), from shop.tasks: "Signed in"'
    assert fix.startswith("   = fix: ")
    assert more == "   = more: logconform explain FMT004"


@pytest.mark.parametrize("records", [[], LogRecords(list)])
def test_nothing_is_never_right(records: object) -> None:
    """Where there is nothing to judge the assertion fails, and says what to look at."""
    with pytest.raises(AssertionError, match=r"^there are no records, so nothing was checked; "):
        assert_conforms(records)  # type: ignore[arg-type]


def test_what_was_not_tested_is_not_right() -> None:
    """A requirement that was asked for, and that no record shows anything of, fails."""
    with pytest.raises(AssertionError, match=r"^nothing was checked: "):
        assert_conforms([GOOD], only=["RETRY003"])


def test_a_slip_in_a_requirement_is_told() -> None:
    """`only` takes identifiers of the contract, in any case."""
    assert_conforms([GOOD], only="fmt004")
    with pytest.raises(UnknownRequirement):
        assert_conforms([GOOD], only="FMT400")


def test_not_a_number_is_not_hidden() -> None:
    """A mapping is written as Python's own JSON writes it: what is no JSON stays visible."""
    with pytest.raises(AssertionError, match="FMT009 violation"):
        assert_conforms([{**GOOD, "ratio": float("nan")}])


def test_the_edges_of_a_part_accuse_nobody() -> None:
    """A start without an end, and an end without a start, are left open, as in a sample that was cut there."""
    [conforms, *_] = [each for each in load_contract().examples_of("START001") if each.kind == "conforms"]
    lines = conforms.text.splitlines()
    assert_conforms(lines[:1])
    assert_conforms(lines[1:])


def test_standard_error_may_hold_text_but_is_warned_of() -> None:
    """Text on standard error is no violation of the log stream, as in a container's log."""
    records = [LogRecord(TEXT.encode() + b"\n"), LogRecord(b"warning: old\n", "stderr", 1)]
    assert_conforms(records)
    with pytest.raises(AssertionError, match="FMT001 violation"):
        assert_conforms([records[0], LogRecord(b"warning: old\n", "stdout", 0)])


def test_the_plugin_imports_nothing_before_it_is_used() -> None:
    """It is part of every pytest run of an environment; only the version is looked up (`email` reads that)."""
    script = (
        "import pytest, sys; before = set(sys.modules); import logconform.fixtures\n"
        "print(sorted({each for each in set(sys.modules) - before if not each.startswith('email.')}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "['logconform', 'logconform.fixtures']\n"
