"""Whatever a task logs, its record comes out: valid, bounded, with the event it was called with."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
import structlog

from reference_worker.logging.context import bind_context
from reference_worker.logging.encoding import LONGEST_RECORD
from reference_worker.logging.pipeline import pipeline
from reference_worker.logging.standard import CarefulFactory, PipelineHandler
from tests.unit import reference_log
from tests.unit.hostile_values import ANYTHING, VALUES
from tests.unit.reference_log import Kept

kept = reference_log.kept

LOGGER = "tests.reference.hostile"
EVENT = "Something happened"
RAW_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")
BASE = ("level", "service", "logger", "event")


class Lines:
    """A sink that keeps the lines as they are."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def write(self, _record: dict[str, Any], line: bytes, /) -> None:
        self.lines.append(line)

    def only(self) -> dict[str, Any]:
        """Return the one record, whose line is one in every respect."""
        [line] = self.lines
        assert len(line) <= LONGEST_RECORD
        assert line.endswith(b"\n")
        assert RAW_CONTROLS.search(line[:-1]) is None
        record: dict[str, Any] = json.loads(line, object_pairs_hook=_each_once, parse_constant=_no_constant)
        return record


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "a member's name is repeated"
    return dict(pairs)


def _no_constant(text: str) -> NoReturn:
    raise AssertionError(f"{text} is no JSON")


@pytest.fixture
def lines(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Lines:
    sink = Lines()
    monkeypatch.setattr(pipeline, "sinks", (sink,))
    return sink


@pytest.fixture
def standard() -> Iterator[logging.Logger]:
    """A logger of the standard library, as the worker has it."""
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(CarefulFactory(logging.LogRecord))
    logger = logging.Logger(LOGGER)  # known to nobody: pytest adds handlers to the others
    logger.handlers = [PipelineHandler()]
    yield logger
    logging.setLogRecordFactory(before)


def structured() -> Any:
    return structlog.get_logger(LOGGER)


hostile = pytest.mark.parametrize(
    ("make", "shown"), [pytest.param(make, shown, id=name) for name, (make, shown) in VALUES.items()]
)


def check(record: dict[str, Any], event: str = EVENT, level: str = "info") -> None:
    """Check what no value may change."""
    assert tuple(record[name] for name in BASE) == (level, "worker", LOGGER, event)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["timestamp"])


def check_value(told: Any, shown: Any) -> None:
    """Check how the value is shown, where the table says so."""
    if shown is not ANYTHING:
        assert told == shown
        assert type(told) is type(shown)
    assert "not for the log" not in f"{told}"


@hostile
def test_as_a_field(lines: Lines, make: Callable[[], Any], shown: Any) -> None:
    """FMT010, FMT014: a field of structlog's; the fields beside it are there."""
    structured().info(EVENT, before=1, value=make(), after={"a": [2]})
    record = lines.only()
    check(record)
    assert (record["before"], record["after"]) == (1, {"a": [2]})
    check_value(record["value"], shown)


@hostile
def test_inside_a_field(lines: Lines, make: Callable[[], Any], shown: Any) -> None:
    """FMT010: inside a container, what is beside it is there."""
    structured().info(EVENT, value={"first": 1, "value": make(), "more": [make()]})
    record = lines.only()
    check(record)
    assert record["value"]["first"] == 1
    if shown is not ANYTHING and not isinstance(shown, list):
        check_value(record["value"]["value"], shown)


@hostile
def test_as_extra(lines: Lines, standard: logging.Logger, make: Callable[[], Any], shown: Any) -> None:
    """FMT010, FMT013: `extra=` of standard logging."""
    standard.info(EVENT, extra={"before": 1, "value": make(), "after": 2})
    record = lines.only()
    check(record)
    assert (record["before"], record["after"]) == (1, 2)
    check_value(record["value"], shown)


@hostile
def test_as_an_argument(lines: Lines, standard: logging.Logger, make: Callable[[], Any], shown: Any) -> None:
    """FMT010, FMT013: the only argument of a template; one of several; and of structlog's."""
    standard.info("Got %s", make())
    record = lines.only()
    check(record, "Got %s")
    assert record["message"].startswith("Got ")
    assert "not for the log" not in record["message"].replace("card='not for the log'", "")  # pydantic's own text
    lines.lines.clear()
    standard.info("Got %s and %r of %d", 1, make(), 7)
    record = lines.only()
    check(record, "Got %s and %r of %d")
    assert record["message"].startswith("Got 1 and ")
    lines.lines.clear()
    structured().info("Got %s", make())
    check(lines.only(), "Got %s")


@hostile
def test_as_the_event(lines: Lines, standard: logging.Logger, make: Callable[[], Any], shown: Any) -> None:
    """FMT007, FMT010: an event that is no text becomes one, and is not empty."""
    structured().info(make(), field=1)
    record = lines.only()
    assert record["event"]
    assert record["event"] != "Record lost"
    assert record["field"] == 1
    if isinstance(shown, str) and shown:
        assert record["event"] == shown
    check(record, record["event"])
    lines.lines.clear()
    standard.info(make())
    record = lines.only()
    assert record["event"]
    check(record, record["event"])


@hostile
def test_in_an_exception(lines: Lines, standard: logging.Logger, make: Callable[[], Any], shown: Any) -> None:
    """FAIL004, FMT010: as the only argument, which is the message, and as one of several."""
    for arguments in ((make(),), ("first", make())):
        lines.lines.clear()
        try:
            raise ValueError(*arguments)
        except ValueError:
            structured().exception(EVENT, field=1)
        record = lines.only()
        check(record, level="error")
        assert record["field"] == 1
        assert record["error"].startswith("ValueError")
        assert record["exception"].startswith("Traceback (most recent call last):\n")
        lines.lines.clear()
        try:
            raise ValueError(*arguments)
        except ValueError:
            standard.exception(EVENT)
        check(lines.only(), level="error")


@hostile
def test_in_the_context(lines: Lines, make: Callable[[], Any], shown: Any) -> None:
    """CTX010, FMT010: bound by `bind_context` and past it, as any field and as an identifier."""
    bind_context(task_id="t-1", value=make(), user_id=make())
    structlog.contextvars.bind_contextvars(direct=make(), tenant_id=make())
    structured().info(EVENT, field=1)
    record = lines.only()
    check(record)
    assert (record["task_id"], record["field"]) == ("t-1", 1)
    for identifier in ("user_id", "tenant_id"):
        assert identifier not in record or (isinstance(record[identifier], str) and record[identifier])
    if shown not in ("", "Ellipsis"):  # to structlog, an ellipsis is no value
        assert "value" in record
        check_value(record["value"], shown)


@hostile
def test_under_a_name_that_is_taken(lines: Lines, make: Callable[[], Any], shown: Any) -> None:
    """FMT014, CTX001: under the name of a base field, or of an identifier that is bound."""
    bind_context(task_id="t-1", operation="task.a")
    taken = ("event", "timestamp", "level", "service", "logger", "task_id", "operation")
    structured().info(EVENT, **{name: make() for name in taken})
    record = lines.only()
    check(record)
    assert (record["task_id"], record["operation"]) == ("t-1", "task.a")
    for name in taken[:-2]:
        check_value(record[f"extra_{name}"], shown)


class OddName(str):
    """Is equal to nothing, as it cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = str.__hash__


NAMES = [
    b"event",
    b"task_id",
    OddName("level"),
    OddName("rows"),
    1,
    None,
    ("a", 1),
    "a b",
    "password=hunter2",
    "\u2028",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: f"{name!r}")
def test_a_field_s_name_may_be_anything(lines: Lines, standard: logging.Logger, name: Any) -> None:
    """FMT002, FMT014, SAFE001: it forges no field, and hides none."""
    bind_context(task_id="t-1")
    standard.handle(logging.makeLogRecord({"name": LOGGER, "levelno": 20, "msg": EVENT, name: "forged", "other": 1}))
    record = lines.only()
    check(record)
    assert (record["task_id"], record["other"]) == ("t-1", 1)
    assert "forged" in record.values() or "[redacted]" in record.values()
    assert "hunter2" not in f"{record}"


def test_names_that_come_out_alike_are_kept_apart(lines: Lines, standard: logging.Logger) -> None:
    """FMT002: neither field is lost."""
    fields = {"extra_event": "a", "event": "b", 1: "c", "1": "d", b"1": "e"}
    standard.handle(logging.makeLogRecord({"name": LOGGER, "levelno": 20, "msg": EVENT} | fields))
    record = lines.only()
    assert (record["extra_event"], record["extra_event#2"]) == ("a", "b")
    assert (record["1"], record["1#2"], record["1#3"]) == ("c", "d", "e")


def test_a_keyword_may_be_a_text_of_a_class_of_its_own(lines: Lines) -> None:
    """FMT010: Python passes it on as it is."""
    structured().info(EVENT, **{OddName("rows"): 1, "other": 2})
    record = lines.only()
    check(record)
    assert (record["rows"], record["other"]) == (1, 2)


@hostile
def test_as_exc_info(lines: Lines, standard: logging.Logger, make: Callable[[], Any], shown: Any) -> None:
    """FMT010: what is no exception is taken for a yes or a no."""
    structured().info(EVENT, exc_info=make(), field=1)
    record = lines.only()
    check(record)
    assert record["field"] == 1


@pytest.mark.parametrize(
    "logger", ["a\u2028b", "a\x7f", "\ud800", "", "l" * 1_000_000, "token=hunter2"], ids=lambda name: name[:9]
)
def test_a_logger_may_have_any_name(lines: Lines, logger: str) -> None:
    """FMT006, FMT014: it is shown as other texts are."""
    structlog.get_logger(logger).info(EVENT, field=1)
    record = lines.only()
    assert record["logger"]
    assert "hunter2" not in record["logger"]
    assert (record["event"], record["field"]) == (EVENT, 1)


@pytest.mark.parametrize("service", ["\ud800", "a\x1b[31m", ""], ids=repr)
def test_a_service_may_have_any_name(lines: Lines, monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """FMT005: an environment variable can hold what is no Unicode."""
    monkeypatch.setattr(pipeline, "service", service)
    structured().info(EVENT, value={})
    assert lines.only()["service"]


def test_there_is_room_to_log_where_recursion_ended(lines: Lines) -> None:
    """FMT010: whoever catches a `RecursionError` has few calls left, and may log it."""

    def dive(calls: int) -> None:
        if calls:
            dive(calls - 1)
        else:
            structured().exception(EVENT, exc_info=ValueError("x"), value={"a": [1]})

    limit = sys.getrecursionlimit()
    for left in range(25, 300):
        lines.lines.clear()
        with contextlib.suppress(RecursionError):
            dive(limit - left - len(inspect.stack()))
        record = lines.only()
        check(record, level="error")
        assert (record["value"], record["error"]) == ({"a": [1]}, "ValueError: x")
    assert sys.getrecursionlimit() == limit
