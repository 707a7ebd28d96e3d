"""Failures and handled errors that are told without where they come from."""

from __future__ import annotations

import re

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, text_value

_WITHOUT_TRACEBACK = {
    *("WorkerLostError", "TimeLimitExceeded", "Terminated", "Reject", "Ignore", "NotRegistered"),
    *("TaskRevokedError", "WorkerTerminate", "WorkerShutdown", "SystemExit", "KeyboardInterrupt", "DecodeError"),
}
"""What Celery's main process reports of a task: no Python frame raised it, or none that it knows."""
_NAMED = re.compile(r"(?:(?:[^\W\d]\w*|<locals>)\.)*([^\W\d]\w*)(?::|$)")
_RAISED = re.compile(r"(?:[^\W\d]\w*\.)*[^\W\d]\w*(?:Error|Exception|Timeout|Exceeded)(?::|$)")


class FailureWithoutTraceback(TaskRule):
    """A `Task failed` names an exception that was raised, and does not say where."""

    requirement = "FAIL002"
    fix = "Write `exception` from the `einfo` or traceback of the `task_failure` signal."

    def check(self, history: History) -> Outcomes:
        for record in history.failures:
            named = _NAMED.match(text_value(record, "error") or "")
            if named is None or named[1] in _WITHOUT_TRACEBACK or record.get("truncated") is True:
                continue
            missing = "exception" not in record.members
            yield self.finding(f"exception is missing, and {named[1]} has a traceback", record) if missing else None


class ErrorWithoutTraceback(TaskRule):
    """
    An error that the body handled is told without its traceback, or the traceback without the error.

    **Known limits:** only a record that has one of the two shows that an exception was being handled.
    """

    requirement = "EXEC004"
    fix = "Use `logger.exception`, or pass `exc_info=True`, and let a processor fill `error` and `exception`."

    def check(self, history: History) -> Outcomes:
        for record in history.own_body:
            if record.level in {"error", "critical"} and record not in history.borrowed and _is_handled(record):
                missing = [name for name in ("error", "exception") if name not in record.members]
                yield self.finding(f"{missing[0]} is missing", record) if missing else None


def _is_handled(record: Record) -> bool:
    error = text_value(record, "error")
    return text_value(record, "exception") is not None or (error is not None and _RAISED.match(error) is not None)
