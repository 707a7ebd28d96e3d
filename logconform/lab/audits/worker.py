"""Audits of what the worker says of itself: its start and its shutdown, outside any task (LIFE001)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from logconform.findings import Finding
from logconform.lab.evidence import Checks, Seen, fault, said
from logconform.records import Record


def says_start_and_shutdown(seen: Seen) -> Checks:
    """
    The worker writes a record before its first task, and one after it was told to stop, without a task's context.

    Which records these are is told by their time, or else by their place: a
    gathered record comes late, and not every timestamp can be trusted.
    """
    records = seen.log.records
    of_tasks = [number for number, record in enumerate(records) if record.task_id is not None]
    if not of_tasks:
        return
    begun = min((event["at"] for kind in ("received", "prerun") for event in seen.truth.of_kind(kind)), default=0.0)
    before = [*records[: of_tasks[0]], *(record for record in records if (_time(record) or begun) < begun)]
    yield _told(before, "start", "worker_ready")
    told = seen.log.told_to_stop
    if told is not None:
        after = [*records[of_tasks[-1] + 1 :], *(record for record in records if (_time(record) or 0.0) >= told)]
        yield _told(after, "shutdown", "worker_shutdown")


def _told(records: Iterable[Record], what: str, signal: str) -> Finding | None:
    held = [record for record in records if not _is_outside(record)]
    if any(map(_is_outside, records)):
        return None
    return fault(
        f"the worker's {what} is recorded only with a task's context" if held else f"no record of the worker's {what}",
        held[0] if held else None,
        fix=f"Write one record from the `{signal}` signal, with no context bound.",
    )


def _is_outside(record: Record) -> bool:
    """Whether a record is about no task, by what it carries; what a probe said is about its own."""
    bound = any(name in record.members for name in ("task_id", "tenant_id", "user_id"))
    return not bound and said(record, "probe") is None


def _time(record: Record) -> float | None:
    try:
        return datetime.fromisoformat(record.text("timestamp") or "").timestamp()
    except ValueError:
        return None
