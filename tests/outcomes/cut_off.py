"""Outcomes that come from outside the body: limits, lost processes, revocations, the worker's shutdown."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial

from tests.outcomes.outcome import COMES_BACK_SECONDS, Family, Outcome
from tests.outcomes.stage import Stage

ONE_SECOND = 1
SHUTDOWN_SIGNALS = ("worker_shutting_down", "worker_shutdown", "worker_process_shutdown")
REDELIVERY = {
    "broker_transport_options": {
        "visibility_timeout": 2,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    }
}
"""A message that was not acknowledged for so long may go to another worker; looked for every second."""


def _killed_worker(stage: Stage) -> None:
    task_id = stage.send("nap_once")
    stage.wait_accepted(task_id)
    stage.kill_worker()
    stage.another_worker()
    stage.wait_redelivered()


def _revoked_before_start(stage: Stage) -> None:
    [task_id] = stage.ids("task")
    stage.revoke(task_id)
    stage.worker.client.send_task("succeed", task_id=task_id, queue=stage.worker.queue)


def _revoked_while_scheduled(stage: Stage) -> None:
    task_id = stage.send("succeed", countdown=3)
    stage.wait_for("received", task_id)
    stage.revoke(task_id)
    stage.wait_for("revoked", task_id)


def _expired_while_scheduled(stage: Stage) -> None:
    stage.wait_for("revoked", stage.send("succeed", countdown=4, expires=2))


def _terminated(by: str) -> Callable[[Stage], None]:
    def provoke(stage: Stage) -> None:
        task_id = stage.send("nap")
        stage.wait_accepted(task_id)
        stage.revoke(task_id, terminate=True, signal=by)

    return provoke


def _shut_down(number: signal.Signals, stage: Stage) -> None:
    stage.wait_accepted(stage.send("nap"))
    stage.signal_main(number)
    stage.wait_end()


LIMITS = Family(
    "Time limits",
    "The body sleeps for three seconds, with a limit of one. Where nothing cuts it off, it returns.",
    (
        Outcome(
            "soft-limit",
            "Soft time limit",
            "`soft_time_limit=1`; the body does not catch the exception.",
            lambda stage: stage.send("nap", soft_time_limit=ONE_SECOND),
            alone=True,
        ),
        Outcome(
            "hard-limit",
            "Hard time limit",
            "`time_limit=1`.",
            lambda stage: stage.send("nap", time_limit=ONE_SECOND),
            alone=True,
        ),
        Outcome(
            "hard-limit-late",
            "Hard time limit, message kept",
            "`time_limit=1` on a task with `acks_late=True` and `acks_on_failure_or_timeout=False`. The body sleeps "
            "the first time only.",
            lambda stage: stage.send("nap_once", time_limit=ONE_SECOND),
            alone=True,
            patience=COMES_BACK_SECONDS,
        ),
    ),
)

PROCESSES = Family(
    "Processes that go away",
    "The process in which the task runs ends, or is told to. On pools without child processes, that process is the "
    "worker itself.",
    (
        Outcome(
            "killed",
            "Process killed",
            "The process in which the body runs gets SIGKILL, as from the kernel when memory runs out.",
            lambda stage: stage.send("be_killed"),
            alone=True,
        ),
        Outcome(
            "killed-late",
            "Process killed, message kept",
            "The same, once, with `acks_late=True` and `reject_on_worker_lost=True`.",
            lambda stage: stage.send("be_killed_once"),
            alone=True,
            patience=COMES_BACK_SECONDS,
        ),
        Outcome(
            "exit-0",
            "`sys.exit(0)`",
            "The body leaves with `SystemExit(0)`.",
            lambda stage: stage.send("exit", 0),
            alone=True,
        ),
        Outcome(
            "exit-1",
            "`sys.exit(1)`",
            "The body leaves with `SystemExit(1)`.",
            lambda stage: stage.send("exit", 1),
            alone=True,
        ),
        Outcome(
            "interrupt",
            "KeyboardInterrupt",
            "The body raises `KeyboardInterrupt`.",
            lambda stage: stage.send("interrupt"),
            alone=True,
        ),
        Outcome(
            "max-tasks-per-child",
            "Child replaced after a task",
            "`--max-tasks-per-child 1`, and two tasks that return.",
            lambda stage: [stage.send("succeed", label=label) for label in ("first", "second")],
            alone=True,
            options=("--max-tasks-per-child", "1"),
            lifecycle=("worker_process_shutdown",),
            patience=COMES_BACK_SECONDS,
        ),
        Outcome(
            "redelivered",
            "Worker killed, message redelivered",
            "The whole worker gets SIGKILL in the middle of a task with `acks_late=True`, and another one is started "
            "on the same queue. Redis may hand the message out again after two seconds (`visibility_timeout`; by "
            "default it is an hour).",
            _killed_worker,
            alone=True,
            config=REDELIVERY,
        ),
    ),
)

REVOCATIONS = Family(
    "Revocations",
    "Someone takes the task back: `app.control.revoke()`, or `expires`.",
    (
        Outcome(
            "revoked",
            "Revoked before it starts",
            "The task's id is revoked before the worker gets the message.",
            _revoked_before_start,
        ),
        Outcome(
            "revoked-eta",
            "Revoked while scheduled",
            "The task is sent with `countdown=3`, and revoked when the worker has got it.",
            _revoked_while_scheduled,
            alone=True,
        ),
        Outcome(
            "expired",
            "Expired",
            "The task's `expires` is past when the worker gets the message.",
            lambda stage: stage.send("succeed", expires="2001-01-01T00:00:00+00:00"),
        ),
        Outcome(
            "expired-eta",
            "Expired while scheduled",
            "The task is sent with `countdown=4` and `expires=2`.",
            _expired_while_scheduled,
            alone=True,
        ),
        *(
            Outcome(
                f"terminated-{by.lower()}",
                f"Terminated with {by}",
                f'`revoke(terminate=True, signal="{by}")` while the body sleeps.',
                _terminated(by),
                alone=True,
            )
            for by in ("SIGTERM", "SIGKILL", "SIGUSR1")
        ),
    ),
)

SHUTDOWNS = Family(
    "The worker's shutdown",
    "The worker is told to end while the body sleeps for three seconds.",
    (
        Outcome(
            "warm-shutdown",
            "Warm shutdown",
            "The main process gets SIGTERM.",
            partial(_shut_down, signal.SIGTERM),
            alone=True,
            lifecycle=SHUTDOWN_SIGNALS,
        ),
        Outcome(
            "cold-shutdown",
            "Cold shutdown",
            "The main process gets SIGQUIT.",
            partial(_shut_down, signal.SIGQUIT),
            alone=True,
            lifecycle=SHUTDOWN_SIGNALS,
        ),
        Outcome(
            "soft-shutdown",
            "Soft shutdown",
            "The main process gets SIGQUIT; `worker_soft_shutdown_timeout` leaves the task ten seconds.",
            partial(_shut_down, signal.SIGQUIT),
            alone=True,
            config={"worker_soft_shutdown_timeout": 10.0},
            lifecycle=SHUTDOWN_SIGNALS,
        ),
    ),
)
