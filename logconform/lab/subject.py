"""What is tested, how its worker is started, and the error where it can't be tested."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class SubjectError(Exception):
    """The worker under test can't be tested at all. The text says what was seen, and the remedy."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested: the app, how its worker starts, how it logs where the lab can't find out."""

    app: str
    cwd: Path
    adapter: str | None = None
    command: tuple[str, ...] = ()
    """How the service starts its worker, where it is not `celery worker`."""
    command_at: str = "worker_command"
    """Where that is said, as a message names it."""
    log_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """How a worker is started: how many tasks it takes at once, at which level, and whether it gets at its log file."""

    slots: int = 1
    level: str = "INFO"
    blocked: bool = False
    """Whether its log file can't be opened."""
    tasks_per_child: int = 0
    """After so many tasks a child makes way for another; 0 for never."""
    open: bool = False
    """Whether it takes what others send, too: on a broker of others, it has no queue of its own then."""
    alone: bool = False
    """Whether it is kept for scenarios that a shared worker would not survive."""
