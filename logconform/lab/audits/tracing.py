"""Audits of the correlation with traces (TRACE)."""

from __future__ import annotations

from collections.abc import Iterator

from logconform.lab.evidence import Checks, Seen, Sent, fault, show, shown_in
from logconform.records import Record

NAMES = ("trace_id", "span_id")
FIX = "Take both from `opentelemetry.trace.get_current_span()` for each record, where its context is valid."


def active_span_is_carried(seen: Seen) -> Checks:
    """A record that is written while a span is active carries its ids."""
    for sent in seen.sent:
        for record, active in _spans(seen, sent):
            wrong = [name for name in NAMES if active and record.get(name) != active[name]]
            if wrong:
                name = wrong[0]
                message = f"{name} is {shown_in(record, name)}; the active span's is {show(active[name])}"
                yield fault(message, record, fix=FIX)
            elif active:
                yield None


def nothing_without_span(seen: Seen) -> Checks:
    """A record that is written while no span is active has neither."""
    for sent in seen.sent:
        for record, active in _spans(seen, sent):
            held = [name for name in NAMES if name in record.members and not active]
            if held:
                yield fault(f"{held[0]} is {shown_in(record, held[0])}, though no span is active", record, fix=FIX)
            elif not active:
                yield None


def producers_trace_goes_on(seen: Seen) -> Checks:
    """Where the worker has a span for a task, it belongs to the trace of whoever sent the task."""
    for sent in seen.sent:
        for record, active in _spans(seen, sent):
            if active and active["trace_id"] != sent.facts["inside"] and record.get("trace_id") is not None:
                if record.get("trace_id") == sent.facts["trace_id"]:
                    yield None
                else:
                    yield fault(
                        f"trace_id is {shown_in(record, 'trace_id')}; the sender's is {show(sent.facts['trace_id'])}",
                        record,
                        fix="Continue the trace that the message's `traceparent` header names.",
                    )


def _spans(seen: Seen, sent: Sent) -> Iterator[tuple[Record, dict[str, str]]]:
    """Yield what a probe wrote, with the ids of the span that was active then."""
    for event in seen.truth.of_kind("span"):
        if event["task_id"] == sent.task_id:
            record = seen.point(sent, event["point"])
            if record is not None:
                yield record, event["active"]
