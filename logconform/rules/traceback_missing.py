"""Failures and handled errors that are told without where they come from."""

from __future__ import annotations

import enum
import re

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, text_value

_WITHOUT_TRACEBACK = {
    *("WorkerLostError", "TimeLimitExceeded", "Terminated", "Reject", "Ignore", "NotRegistered"),
    *("TaskRevokedError", "WorkerTerminate", "WorkerShutdown", "SystemExit", "KeyboardInterrupt", "DecodeError"),
}
"""What Celery's main process reports of a task: no Python frame raised it, or none that it knows."""
_NAMED = re.compile(r"(?:(?:[^\W\d]\w*|<locals>)\.)*([^\W\d]\w*)(?::|$)")
_RAISED = re.compile(r"(?:[^\W\d]\w*\.)*[^\W\d]\w*(?:Error|Exception|Timeout|Exceeded)(?::|$)")


class Raised(enum.IntEnum):
    """What `error` says of the exception."""

    UNNAMED = 0
    WITHOUT_FRAMES = 1
    WITH_FRAMES = 2


def raised(error: str) -> Raised:
    """Say whether an error names an exception that a Python frame raised.

    >>> raised("WorkerLostError: signal 9"), raised("ValueError: 3")
    (<Raised.WITHOUT_FRAMES: 1>, <Raised.WITH_FRAMES: 2>)
    """
    named = _NAMED.match(error)
    if named is None:
        return Raised.UNNAMED
    return Raised.WITHOUT_FRAMES if named[1] in _WITHOUT_TRACEBACK else Raised.WITH_FRAMES


class FailureWithoutTraceback(TaskRule):
    """A `Task failed` names an exception that was raised, and does not say where."""

    requirement = "FAIL002"
    fix = "Write `exception` from the `einfo` or traceback of the `task_failure` signal."

    def check(self, history: History) -> Outcomes:
        for record in history.failures:
            error = text_value(record, "error") or ""
            if raised(error) is not Raised.WITH_FRAMES or record.get("truncated") is True:
                continue
            kind = error.partition(":")[0]
            missing = "exception" not in record.members
            yield self.finding(f"exception is missing, and {kind} has a traceback", record) if missing else None


class ErrorWithoutTraceback(TaskRule):
    """
    An error that the body handled is told without its traceback, or the traceback without the error.

    **Known limits:** only a record that has one of the two shows that an exception was being handled.
    """

    requirement = "EXEC004"
    fix = "Use `logger.exception`, or pass `exc_info=True`, and let a processor fill `error` and `exception`."

    def check(self, history: History) -> Outcomes:
        for record in history.own_body:
            handled = is_handled(text_value(record, "error"), text_value(record, "exception"))
            if record.level in {"error", "critical"} and handled and record not in history.borrowed:
                missing = [name for name in ("error", "exception") if name not in record.members]
                yield self.finding(f"{missing[0]} is missing", record) if missing else None


def is_handled(error: str | None, exception: str | None) -> bool:
    """Whether a record with these members tells of an exception that was being handled."""
    return exception is not None or (error is not None and _RAISED.match(error) is not None)
