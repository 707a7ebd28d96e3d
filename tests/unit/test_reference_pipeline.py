"""From a call of structlog or standard logging to a record."""

from __future__ import annotations

import logging
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from reference_worker.logging.context import bind_context, log_context
from reference_worker.logging.standard import PipelineHandler
from tests.unit import reference_log
from tests.unit.reference_log import Kept

kept = reference_log.kept

BASE = ["timestamp", "level", "service", "logger", "event"]


@pytest.fixture
def standard(kept: Kept) -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.reference.library")
    logger.handlers, logger.propagate = [PipelineHandler()], False
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.handlers, logger.propagate = [], True


def without_time(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "timestamp"}


def test_base_fields_come_first(kept: Kept) -> None:
    """FMT003, FMT015: the time is in UTC with microseconds, and the order is fixed."""
    structlog.get_logger("a.b").info("Something happened", n=1)
    assert list(kept.records[0]) == [*BASE, "n"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", kept.records[0]["timestamp"])
    assert without_time(kept.records[0]) == {
        "level": "info",
        "service": "worker",
        "logger": "a.b",
        "event": "Something happened",
        "n": 1,
    }


def test_a_field_cannot_pass_for_a_base_field_or_an_identifier(kept: Kept) -> None:
    """FMT014, CTX001: what would override is kept under another name; the same value is not repeated."""
    bind_context(task_id="t-1", operation="task.a")
    structlog.get_logger("a").info("E", event="x", level="y", task_id="t-2", operation="task.a", tenant_id=None, self=1)
    assert without_time(kept.records[0]) == {
        "level": "info",
        "service": "worker",
        "logger": "a",
        "event": "E",
        "task_id": "t-1",
        "operation": "task.a",
        "extra_event": "x",
        "extra_level": "y",
        "extra_task_id": "t-2",
        "self": 1,
    }


@pytest.mark.parametrize(
    ("template", "args", "event", "message"),
    [
        ("Sent %d of %d", (1, 2), "Sent %d of %d", "Sent 1 of 2"),
        ("%s", ("free text",), "Message from tests.reference.library", "free text"),
        ("Too %s %s", ("few",), "Too %s %s", "Too %s %s"),
        ("plain 100%", (), "plain 100%", None),
        ("", (), "Message from tests.reference.library", None),
    ],
)
def test_a_standard_record_has_a_constant_event(
    kept: Kept, template: str, args: tuple[object, ...], event: str, message: str | None
) -> None:
    """FMT007, FMT008, FMT013: the template is the event, the text is a field."""
    name = "tests.reference.library"
    PipelineHandler().handle(logging.LogRecord(name, logging.INFO, __file__, 1, template, args, None))
    assert (kept.records[0]["event"], kept.records[0].get("message")) == (event, message)


@pytest.mark.parametrize(("number", "level"), [(20, "info"), (25, "info"), (35, "warning"), (99, "critical")])
def test_levels_in_between_count_as_the_one_below(
    kept: Kept, standard: logging.Logger, number: int, level: str
) -> None:
    """FMT004: a library's own levels come out as one of the five."""
    standard.log(number, "x")
    assert kept.records[0]["level"] == level


def test_nothing_below_the_level_is_written(kept: Kept, standard: logging.Logger) -> None:
    """SINK002: for structlog and for standard logging alike."""
    structlog.get_logger("a").debug("x")
    standard.debug("x")
    assert kept.records == []


def test_extra_becomes_fields(kept: Kept, standard: logging.Logger) -> None:
    """FMT013: `extra=` is kept; a secret in it is not."""
    standard.info("x", extra={"rows": 3, "api_key": "k", "event": "forged"})
    assert {"rows": 3, "api_key": "[redacted]", "extra_event": "forged"}.items() <= kept.records[0].items()
    assert kept.records[0]["event"] == "x"


def test_a_task_error_in_a_handler_carries_the_exception(kept: Kept) -> None:
    """EXEC004, FAIL004, SAFE003: unasked, with the cause, and without local variables."""
    with log_context(task_id="t", operation="a.b"):
        try:
            fail_over(password_like="not-for-the-log")
        except ValueError:
            structlog.get_logger("a").error("Failed")
    record = kept.records[0]
    assert record["error"] == "ValueError: outer"
    assert "KeyError: 'inner'" in record["exception"]
    assert record["exception"].endswith("ValueError: outer")
    assert "password_like = " not in record["exception"]


def fail_over(password_like: str) -> None:
    """Fail with a cause, holding a local variable."""
    try:
        {}["inner"]
    except KeyError as inner:
        raise ValueError("outer") from inner


def test_a_logging_call_never_raises(kept: Kept) -> None:
    """FMT010: neither arguments that do not fit nor objects that cannot be shown disturb the caller."""

    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

        def __bool__(self) -> bool:
            return True

    logger = structlog.get_logger("a")
    logger.info("%d things", "no number")
    logger.info(Hostile(), value=Hostile())
    logger.info(None)
    assert [record["event"] for record in kept.records] == ["%d things", "<unprintable Hostile>", "(no event)"]


def test_an_active_span_is_named(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRACE001, TRACE002: lower-case hex of full width; nothing where no span is valid."""
    span = types.SimpleNamespace(is_valid=True, trace_id=0xAB, span_id=0x1)
    current = types.SimpleNamespace(get_span_context=lambda: span)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", types.SimpleNamespace(get_current_span=lambda: current))
    logger = structlog.get_logger("a")
    logger.info("inside")
    span.is_valid = False
    logger.info("outside")
    assert kept.records[0]["trace_id"] == "0" * 30 + "ab"
    assert kept.records[0]["span_id"] == "0" * 15 + "1"
    assert "trace_id" not in kept.records[1]
    assert "span_id" not in kept.records[1]
