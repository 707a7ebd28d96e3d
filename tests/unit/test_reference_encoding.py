"""Any value as JSON, in bounded time and size."""

from __future__ import annotations

import json
import pathlib
import signal
from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from reference_worker.logging.encoding import (
    DEEPEST,
    LONGEST_CUT,
    LONGEST_NAME,
    LONGEST_RECORD,
    MOST_MEMBERS,
    Plain,
)
from reference_worker.logging.lines import encode


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


def test_a_text_no_record_has_room_for_is_cut() -> None:
    """FMT011: to a part of the record; what fits is left alone, and so is what comes after."""
    plain = Plain()
    shown = plain.value(["x" * LONGEST_RECORD, "y" * (LONGEST_RECORD + 1), "z" * 10_000])
    assert [len(text) for text in shown] == [LONGEST_RECORD, 1, 1]
    assert plain.cut
    plain = Plain()
    assert plain.value("x" * LONGEST_RECORD) == "x" * LONGEST_RECORD
    assert not plain.cut
    assert plain.value("x" * (LONGEST_RECORD + 1)) == "…"
    assert plain.field("later", "y" * 8_000) == "y" * 8_000
    assert Plain().value("x" * 10_000_000) == "x" * LONGEST_CUT


@pytest.mark.parametrize("kind", [list, tuple, deque, dict.fromkeys])
def test_members_are_shown_up_to_a_number(kind: Any) -> None:
    """FMT011: of all containers together; a later field still gets some."""
    plain = Plain()
    shown = plain.value([kind(range(1_000_000)), kind(range(10))])
    assert len(shown) == 1
    assert MOST_MEMBERS // 2 - 2 <= len(shown[0]) <= MOST_MEMBERS
    assert plain.cut
    assert len(plain.field("later", kind(range(50)))) == 50
    fits = Plain()
    assert len(fits.value(list(range(MOST_MEMBERS - 1)))) == MOST_MEMBERS - 1
    assert not fits.cut


def test_names_are_cut_and_stay_apart() -> None:
    """FMT002: also where they differ in what was cut off."""
    shown = Plain().value({"n" * 300 + "a": 1, "n" * 300 + "b": 2})
    assert shown == {"n" * LONGEST_NAME + "…": 1, "n" * LONGEST_NAME + "…#2": 2}


def test_a_name_is_a_secrets_however_long_it_is() -> None:
    """SAFE001: what tells may be at its end, and may have been cut off."""
    assert set(Plain().value({"n" * 10_000 + "_password": "x"}).values()) == {"[redacted]"}


def test_a_generator_is_not_consumed() -> None:
    """FMT010: whoever made it still needs it."""
    generator = (number for number in range(3))
    assert Plain().value(generator).startswith("<generator object ")
    assert list(generator) == [0, 1, 2]


def test_a_dictionary_may_change_meanwhile() -> None:
    """FMT010: what is shown of it is taken at once, before any value of it is looked at."""
    changing: dict[str, Any] = {}

    class Changes:
        def __str__(self) -> str:
            changing["more"] = 1
            return "changes"

    changing["a"] = Changes()
    assert Plain().value(changing) == {"a": "changes"}


def test_a_signal_is_not_taken_for_the_value_s_doing() -> None:
    """An exit that a signal's handler raises while a value is looked at ends the process; one of its own does not."""

    def stop(*_: object) -> None:
        raise SystemExit(15)

    class Signalled:
        def __str__(self) -> str:
            signal.raise_signal(signal.SIGUSR2)
            return "shown"

    class Exits:
        def __str__(self) -> str:
            raise SystemExit(15)

    before = signal.signal(signal.SIGUSR2, stop)
    try:
        assert Plain().value(Exits()) == "<unprintable Exits>"
        with pytest.raises(SystemExit):
            Plain().value(Signalled())
    finally:
        signal.signal(signal.SIGUSR2, before)
