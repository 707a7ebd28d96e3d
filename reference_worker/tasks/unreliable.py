"""A task that fails as often as it is told, for trying retries out."""

from __future__ import annotations

from typing import Any

from reference_worker.celery_app import app
from reference_worker.logging import get_logger, log_context
from reference_worker.settings import get_worker_settings

logger = get_logger(__name__)


class UpstreamUnavailableError(ConnectionError):
    """What the task depends on did not answer."""


@app.task(bind=True, name="unreliable_task", max_retries=3)  # type: ignore[untyped-decorator]
def unreliable_task(self: Any, data: dict[str, Any], failures: int = 0) -> dict[str, int]:
    """Fail the first *failures* executions (or `data["failures"]`), each time retrying later.

    Neither the retry nor its end is logged here: Celery's signals know better
    than the task whether another execution follows.
    """
    with log_context(operation="data.unreliable"):
        wanted = int(data.get("failures", failures))
        try:
            _ask_upstream(answers=self.request.retries >= wanted)
        except UpstreamUnavailableError as fault:
            delay = get_worker_settings().retry_delay_seconds
            raise self.retry(exc=fault, countdown=delay * 2**self.request.retries) from fault
        logger.info("Upstream answered", attempts=self.request.retries + 1)
        return {"attempts": self.request.retries + 1}


def _ask_upstream(*, answers: bool) -> None:
    if not answers:
        raise UpstreamUnavailableError("upstream did not answer")
