"""Steps about the worker under test."""

from __future__ import annotations

from logconform.lab.vocabulary import Stage, stimulus
from logconform.lab.worker import Setup


@stimulus("a worker with one slot")
def one_slot(stage: Stage) -> None:
    stage.use(Setup())


@stimulus('a worker that is told to log from "{level}" on')
def with_level(stage: Stage, level: str) -> None:
    stage.use_level(level.upper())


@stimulus("a worker whose log file cannot be opened")
def blocked(stage: Stage) -> None:
    stage.use_blocked()


@stimulus("the service writes a log file")
def with_log_file(stage: Stage) -> None:
    stage.need_log_file()


@stimulus("a worker with four slots")
def four_slots(stage: Stage) -> None:
    stage.use(Setup(slots=4))
