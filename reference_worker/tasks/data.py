"""Work on tenants' data."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import psutil
from sqlalchemy import select
from sqlalchemy.orm import Session

from reference_worker.celery_app import app
from reference_worker.logging import get_logger, log_context
from reference_worker.models import Artifact, Dataset, DatasetRecord, database, now
from reference_worker.tasks.progress import Progress

logger = get_logger(__name__)

MEGABYTE = 1024 * 1024


class DatasetMissingError(LookupError):
    """There is no dataset of that name."""


@app.task(name="process_artifact_data")  # type: ignore[untyped-decorator]
def process_artifact_data(artifact_id: str, tenant_id: str, user_id: str) -> dict[str, Any]:
    """Compute and store the checksum of an artifact; one that is not known yet is taken up."""
    with log_context(tenant_id=tenant_id, user_id=user_id, operation="data.process_artifact", artifact_id=artifact_id):
        logger.info("Starting artifact data processing")
        began = time.monotonic()
        with database() as session:
            artifact = session.get(Artifact, artifact_id) or Artifact(id=artifact_id, tenant_id=tenant_id)
            artifact.checksum = hashlib.sha256(artifact_id.encode()).hexdigest()
            artifact.processed_at = now()
            session.add(artifact)
            checksum = artifact.checksum
        logger.info("Artifact processing completed", processing_time_ms=_milliseconds_since(began))
        return {"artifact_id": artifact_id, "checksum": checksum}


@app.task(name="process_large_dataset")  # type: ignore[untyped-decorator]
def process_large_dataset(dataset_id: str, tenant_id: str, batch_size: int = 500) -> dict[str, Any]:
    """Add a dataset up, row by row as the database streams it, and report the progress.

    Raises:
        DatasetMissingError: If there is no such dataset.
    """
    with (
        log_context(tenant_id=tenant_id, operation="data.process_dataset", dataset_id=dataset_id),
        database() as session,
    ):
        dataset = session.get(Dataset, dataset_id)
        if dataset is None:
            raise DatasetMissingError(f"no dataset {dataset_id!r}")
        logger.info("Starting dataset processing", total_records=dataset.total)
        progress = Progress(logger, dataset.total)
        total = 0.0
        for value in progress.over(_values(session, dataset, batch_size)):
            total += value
        logger.info("Dataset processing completed", total_processed=progress.processed)
        return {"dataset_id": dataset_id, "total_processed": progress.processed, "sum": total}


@app.task(name="resource_intensive_task")  # type: ignore[untyped-decorator]
def resource_intensive_task(data: dict[str, Any]) -> dict[str, int]:
    """Use memory and time in proportion to `data["megabytes"]`, and report both."""
    process = psutil.Process()
    with log_context(operation="data.intensive_processing"):
        logger.info("Starting resource-intensive task", data_size=len(data))
        began, before = time.monotonic(), process.memory_info().rss
        block = b"\1" * (min(int(data.get("megabytes", 8)), 256) * MEGABYTE)
        digest = hashlib.sha256(block).hexdigest()
        used = process.memory_info().rss - before
        logger.info("Task completed", duration_ms=_milliseconds_since(began), memory_used_mb=int(used / MEGABYTE))
        return {"bytes": len(block), "digest_length": len(digest)}


def _values(session: Session, dataset: Dataset, batch_size: int) -> Iterator[float]:
    """Yield the dataset's values in order; no more than *batch_size* rows are in memory."""
    rows = select(DatasetRecord.value).where(DatasetRecord.dataset_id == dataset.id).order_by(DatasetRecord.number)
    return iter(session.scalars(rows.limit(dataset.total).execution_options(yield_per=batch_size)))


def _milliseconds_since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
