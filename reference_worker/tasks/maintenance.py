"""Housekeeping."""

from __future__ import annotations

import time

from sqlalchemy import delete

from reference_worker.celery_app import app
from reference_worker.logging import get_logger, log_context
from reference_worker.models import VerificationToken, database, now

logger = get_logger(__name__)


@app.task(name="cleanup_expired_tokens")  # type: ignore[untyped-decorator]
def cleanup_expired_tokens() -> int:
    """Delete the verification tokens that have expired and return how many there were."""
    with log_context(operation="maintenance.cleanup_tokens"):
        logger.info("Starting token cleanup")
        began = time.monotonic()
        with database() as session:
            expired = delete(VerificationToken).where(VerificationToken.expires_at < now())
            removed = len(session.scalars(expired.returning(VerificationToken.user_id)).all())
        logger.info(
            "Token cleanup completed",
            expired_tokens_removed=removed,
            cleanup_duration_ms=int((time.monotonic() - began) * 1000),
        )
        return removed
