"""Steps about the worker under test."""

from __future__ import annotations

from logconform.lab.vocabulary import Stage, stimulus


@stimulus("a worker with one slot")
def one_slot(stage: Stage) -> None:
    stage.use(1)


@stimulus("a worker with four slots")
def four_slots(stage: Stage) -> None:
    stage.use(4)
