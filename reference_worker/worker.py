"""How this service sets its log up: in place of Celery's own set-up, and before it says anything."""

from __future__ import annotations

from typing import Any

from celery.signals import celeryd_init, setup_logging

from reference_worker.logging import configure_structured_logging
from reference_worker.settings import get_worker_settings


def configure_logging(**_: Any) -> None:
    """Configure the log from the settings.

    That `setup_logging` has a receiver is what keeps Celery from setting up
    its own. It comes late, though: Celery may warn before, about running as
    root for one; hence `celeryd_init`.
    """
    settings = get_worker_settings()
    configure_structured_logging(
        service_name=settings.service_name,
        log_level=settings.log_level,
        log_file=settings.log_file or None,
        enable_console=True,
        enable_rotation=settings.log_rotation,
        max_log_size_mb=settings.log_max_size_mb,
        backup_count=settings.log_backup_count,
    )


celeryd_init.connect(configure_logging, weak=False, dispatch_uid=__name__)
setup_logging.connect(configure_logging, weak=False, dispatch_uid=__name__)
