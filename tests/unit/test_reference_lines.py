"""A record as one line, which ends only where the record does, and not too late."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reference_worker.logging.encoding import LONGEST_RECORD
from reference_worker.logging.lines import encode


@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u2029"], ids=repr)
def test_no_character_ends_a_line_or_drives_a_terminal(character: str) -> None:
    """FMT014: what could end a line or start an escape sequence is escaped, and read back unchanged."""
    line = encode({"value": f"a{character}b", f"{character}name": 1})
    assert len(line.decode().splitlines()) == 1
    assert character not in line.decode().removesuffix("\n")
    assert json.loads(line) == {"value": f"a{character}b", f"{character}name": 1}


def test_what_only_begins_like_an_unsafe_character_is_left_alone() -> None:
    """Its first bytes are those of others too."""
    text = "\xa0é\u2027\u2030\u202a€"
    assert text.encode() in encode({"value": text})


@pytest.mark.parametrize(
    ("value", "least"),
    [
        ("x" * 1_000_000, 0.99),
        ("\0" * 300_000, 0.99),
        ("\x7f\x80\u2028" * 100_000, 0.99),
        ("é" * 200_000, 0.99),
        ("😀" * 200_000, 0.99),
        ("\0" * 100_000 + "x" * 300_000, 0.16),
        (["word " * 20] * 20_000, 0.8),
        (["word " * 5] * 20_000, 0.8),
        (["x" * 30_000] * 10, 0.99),
        (["x" * 300_000, "y" * 90_000, "z"], 0.99),
        (list(range(300_000)), 0.8),
        ({str(n): n for n in range(90_000)}, 0.8),
        ([[[["x" * 60] * 20] * 20] * 20] * 20, 0.1),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_long_record_is_cut_and_says_so(value: Any, least: float) -> None:
    """FMT011: it stays valid JSON, within the limit and near it, keeps its base fields and is marked."""
    line = encode({"a": 1, "b": 2, "c": 3, "d": 4, "event": "kept", "value": value, "after": "kept"})
    record = json.loads(line)
    assert LONGEST_RECORD * least < len(line) <= LONGEST_RECORD
    assert (record["event"], record["after"], record["truncated"]) == ("kept", "kept", True)


def test_the_longest_texts_are_cut() -> None:
    """FMT011: a short one beside them is whole."""
    record = json.loads(encode({"event": "e", "short": "s" * 50_000, "long": "l" * 300_000, "longer": "m" * 900_000}))
    assert record["short"] == "s" * 50_000
    assert len(record["long"]) == len(record["longer"])


@pytest.mark.parametrize("fields", [300, 5_000])
def test_fields_go_where_nothing_else_can(fields: int) -> None:
    """FMT011: the base fields are the last to go."""
    record = dict.fromkeys("abcde", "base") | {f"{n:05}" * 200: "x" * 64 for n in range(fields)}
    line = encode(record)
    assert len(line) <= LONGEST_RECORD
    shown = json.loads(line)
    assert [shown[name] for name in "abcde"] == ["base"] * 5
    assert shown["truncated"] is True


def test_a_record_that_just_fits_is_left_alone() -> None:
    """FMT011: nothing is cut below the limit."""
    empty = len(encode({"value": ""}))
    line = encode({"value": "x" * (LONGEST_RECORD - empty)})
    assert len(line) == LONGEST_RECORD
    assert b"truncated" not in line
    assert b"truncated" in encode({"value": "x" * (LONGEST_RECORD - empty + 1)})
