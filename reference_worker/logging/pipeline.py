"""The one way from a call to a line: structlog, standard logging and the lifecycle all come through here."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from reference_worker.logging.clock import timestamp
from reference_worker.logging.context import CONTEXT_FIRST, GUARDED, IDENTIFIERS, current_context, with_values
from reference_worker.logging.encoding import Json, Plain, encode, valid_unicode
from reference_worker.logging.execution import current_execution, guarded_values
from reference_worker.logging.quick import BASE, quick_line
from reference_worker.logging.spans import active_span
from reference_worker.logging.tracebacks import describe_exception, whole_traceback

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
ERROR = LEVELS["error"]
OPEN_TELEMETRY = "opentelemetry.trace"
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
    ) -> None:
        """Write one record, if its level is not below the configured one. Never raises.

        *trusted_event* says that the event is a constant of this package.
        *context* takes the place of what is bound.
        """
        number = LEVELS[level]
        if number < self.threshold:
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
        if exception is None and number < ERROR and OPEN_TELEMETRY not in sys.modules:
            line = quick_line(record, context, fields, guarded_values())
        if line is None:
            record, line = self._with_care(record, context, fields, exception, trusted=trusted_event)
        for sink in self.sinks:
            sink.write(record, line)

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
        except Exception as fault:
            error = valid_unicode(describe_exception(fault))[:1000]
            whole = base | {"logger": valid_unicode(str(base["logger"])), "event": "Record lost", "error": error}
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
    event = base["event"]
    text = event if isinstance(event, str) and trusted else _event_text(plain, event)
    record = base | {"logger": valid_unicode(base["logger"]) or "root", "event": text or "(no event)"}
    bound = with_values(context)
    record |= Plain().members({name: bound[name] for name in CONTEXT_FIRST if name in bound}) | active_span()
    record |= plain.members({name: value for name, value in bound.items() if name not in record})
    told = dict(fields)
    told |= {name: value for name, value in _failure(base["level"], exception, bound).items() if name not in told}
    for name, value in _separate(told, bound, record).items():
        record |= (Plain() if name in _OWN_FACTS else plain).members({name: value})
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


def _event_text(plain: Plain, event: object) -> str:
    shown = plain.value(event)
    return shown if isinstance(shown, str) else f"{shown}" if shown is not None else ""


def _failure(level: str, exception: BaseException | None, context: Mapping[str, Any]) -> dict[str, str]:
    """Return `error` and `exception`; a task's error record in an exception handler gets them unasked."""
    if exception is None and LEVELS[level] >= LEVELS["error"] and "task_id" in context:
        exception = sys.exc_info()[1]
    if exception is None:
        return {}
    return {"error": describe_exception(exception), "exception": whole_traceback(exception)}


def _separate(fields: Mapping[str, Any], context: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return *fields* without those that would pass for something else.

    A base field, and an identifier that is bound, cannot be overridden by a
    record: a differing value is kept as `extra_<name>`. An identifier without
    a value is left out.
    """
    kept: dict[str, Any] = {}
    identifiers = with_values({name: value for name, value in fields.items() if name in IDENTIFIERS})
    for name, value in fields.items():
        if name in IDENTIFIERS and name not in identifiers:
            continue
        shown = identifiers.get(name, value)
        taken = name in BASE or (name in GUARDED and name in context)
        if not taken:
            kept[name] = shown
        elif shown != record.get(name):
            kept[f"extra_{name}"] = shown
    return kept
