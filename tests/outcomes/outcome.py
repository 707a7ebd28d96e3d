"""An outcome: a way in which a task can end, what is said of it, and how it is brought about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.outcomes.stage import PATIENCE_SECONDS, Stage

COMES_BACK_SECONDS = 12.0
"""The patience that a message wants which may come back to the queue: replacing a child can take five seconds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way to end, as data."""

    name: str
    title: str
    prose: str
    """What happens to the task, in Markdown. What Celery makes of it is for the run to say."""
    provoke: Callable[[Stage], object]
    alone: bool = False
    """Whether it wants a worker of its own: it may harm the worker, or needs one that is set up for it."""
    options: tuple[str, ...] = ()
    """For the worker's command line."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """For the worker's app."""
    lifecycle: tuple[str, ...] = ()
    """The worker's own signals that are part of the story."""
    patience: float = PATIENCE_SECONDS
    """How long nothing may be heard of a task before it is given up."""


@dataclass(frozen=True, slots=True)
class Family:
    """Outcomes that are told together."""

    title: str
    prose: str
    outcomes: tuple[Outcome, ...]
