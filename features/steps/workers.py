"""Steps about the worker under test."""

from __future__ import annotations

from logconform.lab.stage import RECONNECT_SECONDS
from logconform.lab.subject import Setup
from logconform.lab.vocabulary import Stage, stimulus


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


@stimulus("a worker whose processes run one task each")
def one_task_each(stage: Stage) -> None:
    stage.need_children("its tasks do not run in processes of their own")
    stage.use(Setup(slots=4, tasks_per_child=1))


@stimulus("a worker of its own")
def of_its_own(stage: Stage) -> None:
    stage.use(Setup(alone=True))


@stimulus("a task takes a second, and the worker is stopped meanwhile")
def stopped_meanwhile(stage: Stage) -> None:
    stage.begin("task", "takes a second")
    stage.worker.stop()


@stimulus("a task goes on and on, and the worker is stopped cold")
def stopped_cold(stage: Stage) -> None:
    stage.need_children("only a worker with children cancels its tasks")
    stage.need_commands()
    stage.stop_cold(stage.begin("task", "goes on and on"))


@stimulus("its worker is killed while a task runs, and the next one takes the task over")
def worker_lost(stage: Stage) -> None:
    stage.lose_worker("task")


@stimulus("the broker is lost and found again between two tasks")
def broker_lost(stage: Stage) -> None:
    stage.run("before", "end")
    stage.restart_broker()
    stage.run("after", "end", seconds=RECONNECT_SECONDS)
