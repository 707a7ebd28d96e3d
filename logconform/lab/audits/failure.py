"""Audits of task failure (FAIL)."""

from __future__ import annotations

from typing import Any

from logconform.lab.audits.counting import EXHAUSTED, FAILED, as_many, unless
from logconform.lab.evidence import Checks, Seen, fault, show
from logconform.records import Record

CHAINED = "Use `traceback.format_exception`, which shows causes and groups; `traceback.format_tb` shows none."
HOSTILE = "Expect `str()` and `repr()` of an exception to raise, and a message that UTF-8 cannot encode."
AT_ERROR = "Log it at error, also where the exception was expected."
LEVELS = {"debug", "info", "warning", "error", "critical"}


def fails_once(seen: Seen) -> Checks:
    """A task that ended in FAILURE has exactly one `Task failed`, at level error; any other has none."""
    for sent in seen.sent:
        task, records = seen.task(sent), seen.lifecycle(sent, FAILED)
        if not task.failed and (task.rejected or any(each.state is None for each in task.executions)):
            # Celery calls a Reject a failure too, and says nothing of a body that exits in a thread: one record may be.
            yield unless(records[1:], "reports the failure a second time")
            continue
        yield as_many(records, 1 if task.failed else 0, FAILED, sent, "failures that Celery reported")
        for record in records:
            wrong = record.level in LEVELS - {"error"}  # what is none of the five words speaks against FMT004
            yield unless([record] if wrong else [], f"has level {show(record.level)}, not error", fix=AT_ERROR)


def traceback_is_there(seen: Seen) -> Checks:
    """Where Celery had a traceback, the failure record has `exception`."""
    for sent in seen.sent:
        for record in seen.lifecycle(sent, FAILED) if seen.task(sent).raised else []:
            yield unless([] if record.get("exception") else [record], "has no traceback in `exception`")


def error_is_named(seen: Seen) -> Checks:
    """`error` names the type and message of the exception that was finally raised, and `exception` the same type."""
    for sent in seen.sent:
        raised = [event["error"] for event in seen.task(sent).raised]
        for record in seen.lifecycle(sent, FAILED)[-1:]:
            for error in raised[-1:]:
                yield _names(record, error["type"], error["text"])


def _names(record: Record, kind: str, text: str) -> Any:
    error, trace = record.get("error"), record.get("exception")
    if not isinstance(error, str) or not _starts_with_type(error, kind):
        return fault(f"error is {show(error)}; it must name {kind}", record, fix="Write `Type: message`.")
    start = text.split("\n", maxsplit=1)[0][:60].strip()
    if start and not start.startswith("<") and start not in error:
        return fault(f"error is {show(error)}; it must hold the message {show(start)}", record)
    if isinstance(trace, str) and ("Traceback" not in trace or trace.count("\n") < 2):
        return fault("`exception` is not the whole traceback", record, fix="Use `traceback.format_exception`.")
    if isinstance(trace, str) and kind not in trace:
        return fault(f"the traceback in `exception` does not name {kind}", record)
    return None


def _starts_with_type(error: str, kind: str) -> bool:
    head = error.split(":", maxsplit=1)[0].split("(", maxsplit=1)[0].strip()
    return head.rsplit(".", 1)[-1] == kind


def causes_are_told(seen: Seen) -> Checks:
    """The causes of an exception, and the members of a group, stand in its traceback; that there is one is FAIL002."""
    for sent in seen.sent:
        for record in seen.lifecycle(sent, FAILED):
            text = record.get("exception")
            if not isinstance(text, str) or not text:
                continue
            parts = [f"cause of probe {sent.probe}", f"effect of probe {sent.probe}"]
            missing = [part for part in parts if part not in text]
            yield unless([record] if missing else [], f"`exception` does not show {missing}", fix=CHAINED)


def failure_is_recorded(seen: Seen) -> Checks:
    """Whatever the exception is like, its `Task failed` is there; that it is there once is another requirement."""
    for sent in seen.sent:
        if seen.task(sent).failed:
            records = seen.lifecycle(sent, FAILED)[:1]
            yield as_many(records, 1, FAILED, sent, "failures that Celery reported", also=HOSTILE)


def no_second_report(seen: Seen) -> Checks:
    """No error-level record of Celery's own reports a failure that `Task failed` reports."""
    for sent in seen.sent:
        if not seen.lifecycle(sent, FAILED):
            continue
        second = [
            reading.record
            for reading in seen.log.mentioning(sent.task_id)
            if reading.record is not None
            and reading.record.level in {"error", "critical"}
            and (reading.record.logger or "").startswith("celery")
            and reading.record.event not in {FAILED, EXHAUSTED}
        ]
        yield unless(second, "reports at error level a failure that `Task failed` reports already")
