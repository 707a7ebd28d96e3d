"""The one way from a call to a line: structlog, standard logging and the lifecycle all come through here."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from reference_worker.logging.clock import timestamp
from reference_worker.logging.context import (
    CONTEXT_FIRST,
    GUARDED,
    IDENTIFIERS,
    current_context,
    identifier,
    with_values,
)
from reference_worker.logging.encoding import Json, Names, Plain, plain_text
from reference_worker.logging.execution import current_execution, guarded_values
from reference_worker.logging.foreign import RAISED, let_signals_through, room_for_calls
from reference_worker.logging.lines import encode
from reference_worker.logging.quick import BASE, quick_line
from reference_worker.logging.spans import active_span
from reference_worker.logging.tracebacks import describe_exception, whole_traceback

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
ERROR = LEVELS["error"]
_NOTHING: Mapping[str, Any] = {}

# Facts of Celery's, not of a task's arguments: a secret's value that looks like one
# (a password "task", say) must not garble them.
_OWN_FACTS = frozenset(BASE) | GUARDED | {"task_name", "kwargs_keys", "state"}


class Sink(Protocol):
    """Where lines go. Writing never raises."""

    def write(self, record: dict[str, Json], line: bytes, /) -> None:
        """Write one record, given as a whole line and as its members."""


@dataclass(slots=True)
class Pipeline:
    """Makes records and hands them to its sinks.

    `threshold` is standard logging's number of the least level that is written.
    """

    service: str = "worker"
    threshold: int = logging.INFO
    sinks: Sequence[Sink] = field(default_factory=tuple)

    def write(
        self,
        level: str,
        logger: str,
        event: object,
        fields: Mapping[str, Any] | None = None,
        *,
        exception: BaseException | None = None,
        trusted_event: bool = False,
        context: Mapping[str, Any] | None = None,
        passing_over: int = 0,
        written: Callable[[int], None] | None = None,
    ) -> None:
        """Write one record, if its level is not below the configured one. Never raises.

        *trusted_event* says that the event is a constant of this package.
        *context* takes the place of what is bound. *passing_over* so many
        sinks, it goes to the others; *written* is told after each how many
        have it, or need not have it.
        """
        number = LEVELS[level]
        if number < self.threshold:
            if written is not None:
                written(len(self.sinks))
            return
        fields = _NOTHING if fields is None else fields
        context = current_context() if context is None else context
        execution = current_execution()
        record: dict[str, Json] = {
            "timestamp": timestamp(time.time_ns() if execution is None else execution.anchor.now_ns()),
            "level": level,
            "service": self.service,
            "logger": logger,
            "event": event,
        }
        line = None
        if exception is None and number < ERROR and not active_span():
            try:
                line = quick_line(record, context, fields, guarded_values())
            except Exception:  # a name that cannot be looked up
                line = None
        if line is None:
            with room_for_calls():
                record, line = self._with_care(record, context, fields, exception, trusted=trusted_event)
        for number, sink in enumerate(self.sinks[passing_over:], passing_over + 1):
            sink.write(record, line)
            if written is not None:
                written(number)

    def _with_care(
        self,
        record: dict[str, Json],
        context: Mapping[str, Any],
        fields: Mapping[str, Any],
        exception: BaseException | None,
        *,
        trusted: bool,
    ) -> tuple[dict[str, Json], bytes]:
        """Return the record and its line, whatever it is asked to hold."""
        base = {name: record[name] for name in BASE}
        try:
            whole = _record(base, context, fields, exception, trusted=trusted)
            return whole, encode(whole)
        except RAISED as fault:
            let_signals_through(fault)
            plain = Plain(guarded_values())
            whole = _with_base(plain, base | {"event": "Record lost"}) | {"error": plain.field("error", fault)}
            return whole, encode(whole)


def _record(
    base: dict[str, Any],
    context: Mapping[str, Any],
    fields: Mapping[str, Any],
    exception: BaseException | None,
    *,
    trusted: bool,
) -> dict[str, Json]:
    plain = Plain(guarded_values())
    bound = with_values(context)
    record = _with_base(plain, base, trusted=trusted) | _from_context(plain, bound)
    told = plain.fields(fields)
    told |= {name: text for name, text in _failure(base["level"], exception, bound).items() if name not in told}
    record |= _separate(plain, told, bound, record)
    if plain.cut:
        record["truncated"] = True
    return record


pipeline = Pipeline()
"""The process's one pipeline; `configure_structured_logging` sets it up."""


def level_name(number: int) -> str:
    """Return the name of the level that *number* reaches.

    >>> level_name(25), level_name(0), level_name(1000)
    ('info', 'debug', 'critical')
    """
    return next((name for name, least in reversed(LEVELS.items()) if number >= least), "debug")


def _with_base(plain: Plain, base: dict[str, Any], *, trusted: bool = False) -> dict[str, Json]:
    """Return the base fields; all but the time and the level are texts that somebody chose."""
    event = base["event"]
    return base | {
        "service": plain_text(plain.fact(base["service"])) or "worker",
        "logger": plain_text(plain.fact(base["logger"])) or "root",
        "event": (event if trusted and type(event) is str else _event_text(plain, event)) or "(no event)",
    }


def _event_text(plain: Plain, event: object) -> str:
    return "" if event is None else f"{plain.field('event', event)}"


def _from_context(plain: Plain, bound: Mapping[str, Any]) -> dict[str, Json]:
    """Return what is bound, known names first, and the active span; a base field's name is given another."""
    members = {name: plain.fact(bound[name]) for name in CONTEXT_FIRST if name in bound} | active_span()
    for name, value in bound.items():
        if name not in members:
            members[f"extra_{name}" if name in BASE else name] = plain.field(name, value)
    return members


def _failure(level: str, exception: BaseException | None, context: Mapping[str, Any]) -> dict[str, str]:
    """Return `error` and `exception`; a task's error record in an exception handler gets them unasked."""
    if exception is None and LEVELS[level] >= LEVELS["error"] and "task_id" in context:
        exception = sys.exc_info()[1]
    if exception is None:
        return {}
    return {"error": describe_exception(exception), "exception": whole_traceback(exception)}


def _separate(
    plain: Plain, fields: Mapping[str, Any], bound: Mapping[str, Any], record: Mapping[str, Json]
) -> dict[str, Json]:
    """Return *fields* as plain values, without those that would pass for something else.

    A base field, and an identifier that is bound, cannot be overridden by a
    record: a differing value is kept as `extra_<name>`. An identifier without
    a value is left out.
    """
    kept: dict[str, Json] = {}
    names = Names(fields)
    for name, told in fields.items():
        value = identifier(told) if name in IDENTIFIERS else told
        if value is None and name in IDENTIFIERS:
            continue
        shown = plain.fact(value) if name in _OWN_FACTS else plain.field(name, value)
        if name not in BASE and not (name in GUARDED and name in bound):
            kept[name] = shown
        elif shown != record[name]:
            kept[names.unused(f"extra_{name}")] = shown
    return kept
