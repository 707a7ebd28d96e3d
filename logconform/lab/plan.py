"""What a run will do: each scenario in each environment and round, in the order that saves most workers."""

from __future__ import annotations

from dataclasses import dataclass

from logconform.lab.stage import TOLD_LATE

WORKERS = (
    "a worker with one slot",
    'a worker that is told to log from "warning" on',
    "a worker with four slots",
    "a worker whose processes run one task each",
    "a worker of its own",
    "a worker whose log file cannot be opened",
)
"""The steps that choose a worker, in the order in which they are started."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A scenario that will run in one environment."""

    requirement: str
    feature: str
    rule: str
    name: str
    steps: tuple[str, ...]
    environment: str
    short_id: str = ""
    round: int = 1


def turn_of(plan: Planned) -> tuple[int, bool, bool]:
    """
    Return what sorts scenarios.

    Those that share a worker come together; first among them those whose ending is told late, last those that stop it.
    """
    late = any(how in step for step in plan.steps for how in TOLD_LATE)
    worker = next((number for number, step in enumerate(WORKERS) if step in plan.steps), len(WORKERS))
    stops = any("is stopped" in step for step in plan.steps)
    return worker, not late, stops
