"""What audits share: the lifecycle's events with their remedies, and checks that count records."""

from __future__ import annotations

from typing import Any

from logconform.lab.evidence import Checks, Sent, fault
from logconform.records import Record
from logconform.schemas import check_record

STARTING, COMPLETED, FAILED = "Task starting", "Task completed", "Task failed"
FIXES = {
    "Task starting": "Write it to standard output, once, from the `task_prerun` signal.",
    "Task completed": "Write it to standard output, once, from the `task_success` signal.",
    "Task failed": (
        "Write it to standard output, once, from `task_failure`: it fires in the main process, too, and may fire twice."
    ),
    "Task failed, retrying": "Write it to standard output, once, from the `task_retry` signal.",
    "Task failed permanently after max retries": (
        "Write it from `task_failure` where `request.retries` has reached the `max_retries` in force."
    ),
}
RETRYING, EXHAUSTED = "Task failed, retrying", "Task failed permanently after max retries"


def unless(records: list[Record], message: str, *, fix: str = "") -> Any:
    """Make a finding about the first of *records*; None where there is none."""
    return fault(message, records[0], fix=fix) if records else None


def as_many(records: list[Record], expected: int, event: str, sent: Sent, what: str, *, also: str = "") -> Any:
    """Make a finding unless there are exactly *expected* records of *event*; *also* is a further remedy."""
    if len(records) == expected:
        return None
    return fault(
        f"{len(records)} records `{event}` of {sent.name}, for {expected} {what}",
        records[expected] if len(records) > expected else None,
        task_id=sent.task_id,
        fix=f"{FIXES[event]} {also}".strip(),
    )


def keeps(record: Record, requirement: str) -> Checks:
    """Yield what the schema of a record's kind says about one requirement; nothing where it says nothing."""
    checked, findings = check_record(record)
    own = [finding for finding in findings if finding.requirement == requirement]
    yield from own
    if requirement in checked and not own:
        yield None
