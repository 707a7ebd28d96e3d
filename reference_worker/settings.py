"""The worker's settings: environment variables named `WORKER_…`."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """What differs from one deployment to another.

    >>> WorkerSettings(log_level="DEBUG").log_level
    'debug'
    """

    model_config = SettingsConfigDict(env_prefix="WORKER_")

    broker_url: str = "redis://localhost:6379/0"
    result_backend: str = "redis://localhost:6379/1"
    database_url: str = "sqlite:///worker.db"
    """SQLAlchemy's spelling: `postgresql+psycopg://…` for PostgreSQL."""

    smtp_host: str = "localhost"
    smtp_port: int = 25
    smtp_timeout_seconds: float = 10
    mail_sender: str = "no-reply@ghostworks.example"
    verification_url: str = "https://ghostworks.example/verify"

    retry_delay_seconds: float = 60
    """The first delay; each further one is twice as long."""

    service_name: str = "worker"
    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(str.lower)] = "info"
    log_file: str = "logs/worker.log"
    """Empty for none."""
    log_rotation: bool = True
    log_max_size_mb: float = 10
    log_backup_count: int = 5


@lru_cache(maxsize=1)
def get_worker_settings() -> WorkerSettings:
    """Return the settings, read once."""
    return WorkerSettings()
