"""What the demo runs, and the lifecycle that each task must leave in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STARTING = "Task starting"
COMPLETED = "Task completed"
FAILED = "Task failed"
RETRYING = "Task failed, retrying"
PERMANENTLY = "Task failed permanently after max retries"

ONCE_AGAIN = (STARTING, RETRYING)
GIVEN_UP = (*ONCE_AGAIN * 3, STARTING, PERMANENTLY, FAILED)


@dataclass(frozen=True, slots=True)
class Step:
    """One task to send; `lifecycle` is what it must write, in order."""

    task: str
    kwargs: Mapping[str, Any]
    lifecycle: tuple[str, ...] = (STARTING, COMPLETED)


def steps(*, mail_arrives: bool) -> tuple[Step, ...]:
    """Return the demo's tasks."""
    mail = {
        "user_id": "user-123",
        "email": "user@ghostworks.example",
        "verification_token": "9f2c-not-to-be-logged",
        "tenant_id": "tenant-789",
    }
    return (
        Step("send_verification_email", mail, (STARTING, COMPLETED) if mail_arrives else GIVEN_UP),
        Step(
            "process_artifact_data", {"artifact_id": "artifact-demo", "tenant_id": "tenant-789", "user_id": "user-123"}
        ),
        Step("cleanup_expired_tokens", {}),
        Step("process_large_dataset", {"dataset_id": "demo", "tenant_id": "tenant-789"}),
        Step("resource_intensive_task", {"data": {"megabytes": 16}}),
        Step("process_large_dataset", {"dataset_id": "missing", "tenant_id": "tenant-789"}, (STARTING, FAILED)),
        Step("unreliable_task", {"data": {"failures": 1}}, (*ONCE_AGAIN, STARTING, COMPLETED)),
        Step("unreliable_task", {"data": {"failures": 9}}, GIVEN_UP),
    )
