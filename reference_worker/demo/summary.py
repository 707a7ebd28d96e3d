"""The log read back: was every ending that was expected seen, and what else is in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reference_worker.demo.steps import COMPLETED, FAILED, PERMANENTLY, RETRYING, STARTING, Step

_LIFECYCLE = (STARTING, COMPLETED, RETRYING, PERMANENTLY, FAILED)


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a log file."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def deviations(records: list[dict[str, Any]], sent: Mapping[str, Step]) -> list[str]:
    """Return a sentence for each task, of those *sent* by id, whose lifecycle is not the expected one."""
    return [
        f"{step.task}: expected {', '.join(step.lifecycle)}; the log has {', '.join(seen) or 'nothing'}"
        for task_id, step in sent.items()
        if (seen := _lifecycle(records, task_id)) != step.lifecycle
    ]


def summarize(records: list[dict[str, Any]], sent: Mapping[str, Step], path: Path) -> str:
    """Return the demo's last line."""
    counts = Counter(event for task_id in sent for event in _lifecycle(records, task_id))
    told = ", ".join(f"{counts[event]} {event!r}" for event in _LIFECYCLE)
    return f"{len(sent)} tasks, {len(records)} records: {told}. Log: {path}"


def _lifecycle(records: list[dict[str, Any]], task_id: str) -> tuple[str, ...]:
    """Return the task's lifecycle events; a resource usage record, which has no state, is none."""
    return tuple(
        record["event"]
        for record in records
        if record.get("task_id") == task_id
        and record["event"] in _LIFECYCLE
        and not (record["event"] == COMPLETED and "state" not in record)
    )
