"""Exceptions as text: as Python formats them where that takes no time, and bounded in any case."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import pytest

from reference_worker.logging.tracebacks import (
    LONGEST_FORMATTED,
    LONGEST_MESSAGE,
    MOST_FRAMES,
    chained,
    describe_exception,
    exception_of,
    whole_traceback,
)
from tests.benchmarks.hostile import EXCEPTIONS, chain, raised_by, recurse
from tests.unit.hostile_values import BrokenError, TwistedError

LONGEST_REPORT = 2 * LONGEST_MESSAGE


def caught(exception: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return *exception* as it comes out of an exception handler."""
    try:
        try:
            raise cause or KeyError("inner")
        except BaseException as inner:
            raise exception from inner
    except BaseException as raised:
        return raised


def noted(exception: BaseException) -> BaseException:
    exception.add_note("seen on\nTuesday")
    return exception


def unreadable(source: str) -> BaseException:
    try:
        compile(source, "file", "exec")
    except SyntaxError as exception:
        return exception
    raise AssertionError("it can be read")


@pytest.mark.parametrize(
    "exception",
    [
        ValueError("never raised"),
        caught(ValueError("outer")),
        caught(noted(ValueError("outer"))),
        caught(ExceptionGroup("group", [ValueError("a"), caught(TypeError("b"))])),
        caught(unreadable("a = = 1")),
        caught(ValueError("")),
        caught(ValueError("two\nlines", 3)),
        caught(BrokenError()),
        caught(SystemExit(3)),
        chain(5, "link"),
    ],
    ids=lambda exception: type(exception).__name__,
)
def test_an_ordinary_exception_looks_as_usual(exception: BaseException) -> None:
    """FAIL004: with causes, groups, notes and marks, as Python shows it."""
    assert whole_traceback(exception) == "".join(traceback.format_exception(exception)).rstrip("\n")


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_a_large_exception_is_bounded(name: str) -> None:
    """FMT010: it says what it is, and shows a part of what it came from."""
    exception = EXCEPTIONS[name]()
    report = whole_traceback(exception)
    assert len(report) < LONGEST_REPORT
    assert report.count('File "') <= MOST_FRAMES
    assert type(exception).__name__ in report
    assert len(describe_exception(exception)) <= LONGEST_MESSAGE + 200
    assert len(list(chained(exception))) <= 10_000


def test_frames_of_a_deep_stack_are_the_innermost() -> None:
    """FAIL004: where it happened."""
    report = whole_traceback(raised_by(recurse))
    assert report.startswith("Traceback (most recent call last):\n")
    assert "in recurse" in report
    assert report.endswith("RecursionError: maximum recursion depth exceeded")


def test_a_long_chain_shows_the_exception_itself_first() -> None:
    """FAIL004: what it came from follows, as far as there is room."""
    report = whole_traceback(caught(ValueError("outermost"), chain(100)))
    assert report.startswith("Traceback (most recent call last):\n")
    assert report.index("ValueError: outermost") < report.index("It came from, or was a group with:")
    assert report.endswith("[more exceptions]")


def test_a_long_message_is_in_full_length_as_far_as_a_record_has_room() -> None:
    """FMT011: both in short and in the traceback."""
    message = "x" * (LONGEST_FORMATTED + 1)
    exception = caught(ValueError(message))
    assert describe_exception(exception) == f"ValueError: {message}"
    assert f"ValueError: {message}" in whole_traceback(exception)
    assert len(describe_exception(ValueError("x" * 10_000_000))) == LONGEST_MESSAGE + len("ValueError: ")


@pytest.mark.parametrize(
    ("exception", "shown"),
    [
        (ValueError(list(range(1_000_000))), "ValueError: <large list>"),
        (ValueError("first", list(range(1_000_000)), 3), "ValueError: 'first', <large list>, 3"),
        (KeyError("x" * 10_000_000), "KeyError: <large str>"),
        (KeyError("x"), "KeyError: 'x'"),
        (OSError(2, "No such file", "a"), "FileNotFoundError: [Errno 2] No such file: 'a'"),
        (type("N" * 10_000, (ValueError,), {})("x"), "N" * 100 + ": x"),
        (BrokenError(), "BrokenError: <exception str() failed>"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_the_short_form_tells_what_is_not_shown(exception: BaseException, shown: str) -> None:
    """FMT010: large arguments are not formatted at all."""
    assert describe_exception(exception) == shown


def test_attributes_of_an_exception_may_be_anything() -> None:
    """FMT010: a class may put what raises in place of the cause, the traceback and the notes."""
    exception = caught(TwistedError("x"))
    report = whole_traceback(exception)
    assert report.startswith("Traceback (most recent call last):\n")
    assert "TwistedError" in report
    assert "KeyError: 'inner'" in report
    assert [type(each).__name__ for each in chained(exception)] == ["TwistedError", "KeyError"]


def test_a_cycle_of_causes_ends() -> None:
    """Python forbids it no more than it forbids a list that holds itself."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert whole_traceback(first).endswith("ValueError: first")
    assert list(chained(first)) == [first, second]


class Untold:
    def __repr__(self) -> str:
        return "Untold()"

    def __bool__(self) -> bool:
        raise RuntimeError("no")

    __eq__ = __len__ = __bool__  # type: ignore[assignment]
    __hash__ = object.__hash__


@pytest.mark.parametrize("told", [True, 1, "yes", Untold()], ids=repr)
def test_exc_info_may_ask_for_the_current_exception(told: Any) -> None:
    """FAIL004: by anything that is not false, and by what cannot say whether it is."""
    try:
        raise ValueError("current")
    except ValueError as current:
        assert exception_of(told) is current
    assert exception_of(told) is None


def test_exc_info_may_bring_the_exception() -> None:
    """FAIL004: itself, or in a tuple."""
    exception = ValueError("x")
    assert exception_of(exception) is exception
    assert exception_of((ValueError, exception, None)) is exception
    for nothing in (None, False, 0, "", (), (None, None, None)):
        try:
            raise KeyError
        except KeyError:
            assert exception_of(nothing) is None
    assert sys.exc_info()[1] is None
