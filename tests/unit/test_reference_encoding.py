"""Any value as one bounded line of JSON."""

from __future__ import annotations

import json
import pathlib
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from reference_worker.logging.encoding import DEEPEST, LONGEST_RECORD, Plain, encode


class Colour(Enum):
    RED = "red"


@dataclass
class Account:
    name: str
    api_key: str


class RaisesWhenShown:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class RaisesWhenRead(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        raise RuntimeError("no")


class Broken(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


Pair = namedtuple("Pair", "left token")
cycle: list[Any] = []
cycle.append(cycle)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (datetime(2025, 9, 12, 20, 5, tzinfo=UTC), "2025-09-12T20:05:00+00:00"),
        (date(2025, 9, 12), "2025-09-12"),
        (timedelta(seconds=1.5), 1.5),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.10"), "1.10"),
        (b"\xffa", "\\xffa"),
        ({3}, [3]),
        (frozenset({"a"}), ["a"]),
        (ValueError("x"), "ValueError: x"),
        (Broken(), "Broken: <exception str() failed>"),
        (Colour.RED, "red"),
        (Account("n", "k"), {"name": "n", "api_key": "[redacted]"}),
        (Pair(1, "t"), {"left": 1, "token": "[redacted]"}),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (RaisesWhenRead(a=1), {"a": 1}),
        (pathlib.PurePosixPath("/a"), "/a"),
        ("\ud800", "\\ud800"),
        (2**64, "18446744073709551616"),
        (-(2**63), -(2**63)),
        (10**5000, f"<integer of {(10**5000).bit_length()} bits>"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (cycle, ["<cycle>"]),
        (RaisesWhenShown(), "<unprintable RaisesWhenShown>"),
        ({b"k": 1, ("a", 2): 2, None: 3, True: 4}, {"k": 1, '["a",2]': 2, "null": 3, "true": 4}),
        ({1: "a", "1": "b", b"1": "c"}, {"1": "a", "1#2": "b", "1#3": "c"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_value_has_a_json_form(value: object, shown: object) -> None:
    """FMT002, FMT009, FMT010: a value that JSON cannot hold is shown in a form that it can."""
    assert json.loads(encode({"value": Plain().value(value)})) == {"value": shown}


def test_nesting_ends_somewhere() -> None:
    """FMT010: what is nested too deeply is cut off, not recursed into."""
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    line = encode({"value": Plain().value(deep)})
    assert line.count(b"[") == DEEPEST
    assert b"<too deep>" in line


@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u2029"], ids=repr)
def test_no_character_ends_a_line_or_drives_a_terminal(character: str) -> None:
    """FMT014: what could end a line or start an escape sequence is escaped, and read back unchanged."""
    line = encode({"value": f"a{character}b"})
    assert len(line.decode().splitlines()) == 1
    assert character not in line.decode().removesuffix("\n")
    assert json.loads(line) == {"value": f"a{character}b"}


@pytest.mark.parametrize(
    "value",
    [
        "x" * 1_000_000,
        "\0" * 300_000,
        "é" * 200_000,
        ["word " * 5] * 20_000,
        list(range(300_000)),
        {str(n): n for n in range(90_000)},
    ],
    ids=["text", "escaped", "wide", "texts", "numbers", "members"],
)
def test_a_long_record_is_cut_and_says_so(value: object) -> None:
    """FMT011: a record that is too long stays valid JSON, within the limit, near it, and is marked."""
    plain = Plain()
    line = encode({"event": "kept", "value": plain.value(value)})
    record = json.loads(line)
    assert LONGEST_RECORD * 0.8 < len(line) <= LONGEST_RECORD
    assert record["truncated"] is True
    assert record["event"] == "kept"


def test_a_record_that_just_fits_is_left_alone() -> None:
    """FMT011: nothing is cut below the limit."""
    empty = len(encode({"value": ""}))
    line = encode({"value": "x" * (LONGEST_RECORD - empty)})
    assert len(line) == LONGEST_RECORD
    assert b"truncated" not in line
