"""What a scenario may do to a worker while it is stimulated."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logconform.config import Task
from logconform.lab.evidence import Sent
from logconform.lab.pools import has_children
from logconform.lab.probes import PREFIX
from logconform.lab.subject import Setup, SubjectError
from logconform.lab.worker import TASK_SECONDS, Worker, nonce


class NotExercised(Exception):
    """This environment can't provoke what the scenario needs; says why. It is not tested then."""


class StageError(Exception):
    """The worker did not come up under the circumstances of one scenario; says what was seen."""


class NotReached(Exception):
    """A probe did not come to its first line; carries the error."""


@dataclass
class Trace:
    """What a scenario did: on which worker, with which tasks, and why it stopped short if it did."""

    requirement: str
    worker: Worker | None = None
    roles: defaultdict[str, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    skipped: str | None = None
    error: str | None = None
    """What the worker did not do in time."""
    blocked: str | None = None
    """Why the worker did nothing at all for this scenario: an earlier one had ended it."""

    @property
    def sent(self) -> list[Sent]:
        """Every task that was sent, in order."""
        return [sent for group in self.roles.values() for sent in group]

    @property
    def unreached(self) -> str | None:
        """Why a probe never came to its first line, where that says nothing of the log."""
        for role in REFUSABLE.get(self.requirement, tuple(self.roles)):
            for sent in self.roles.get(role, ()):
                error = self.worker.truth.task(sent.task_id).unreached if self.worker else None
                if error and not sent.facts.get("own"):
                    return f"the service's own code ended {sent.name} before its first line: {error}"
        return None


REFUSABLE = {"CTX013": ("before", "outer")}
"""Roles of ordinary tasks, beside those whose arguments no code of a service may fail by: that is what it is about."""
ENDINGS_ON_PREFORK = {
    "exceeds its soft time limit": "threads, solo and gevent ignore soft time limits",
    "exceeds its hard time limit": "threads and solo have no hard time limit",
    "is killed": "the worker itself would die",
    "is killed and delivered again": "the worker itself would die",
}
NO_COMMANDS = "the worker does not take remote control commands"
LOST_MESSAGE = "this broker loses the message of a lost process"
RECONNECT_SECONDS = 20.0
"""How long a worker may take to find its broker again and run a task: Celery tries after 2, 4 and 6 seconds."""
TOLD_LATE = {"exits", "is interrupted", "is killed", "is killed and delivered again"}
"""Celery waits some ten seconds for the result of a child that is gone, before it reports its task."""
SLOW = TOLD_LATE | {"exceeds its soft time limit", "exceeds its hard time limit"}
DELIVERED_AGAIN = {"is rejected and delivered again"}
"""What is over when it has run twice."""
LIMITS: dict[str, dict[str, Any]] = {
    "exceeds its soft time limit": {"soft_time_limit": 1},
    "exceeds its hard time limit": {"time_limit": 1},
}


@dataclass
class Stage:
    """One scenario's hands on the lab: choose a worker, send tasks, wait on the oracle."""

    pool: str
    trace: Trace
    worker_with: Callable[[Setup], Worker]
    own_tasks: dict[str, Task]
    log_file: Path | None = None
    profiles: Collection[str] = ()
    """What the service is judged for."""

    @property
    def worker(self) -> Worker:
        """The worker that the scenario's first step chose."""
        if self.trace.worker is None:
            self.use(Setup())
        assert self.trace.worker is not None
        return self.trace.worker

    def use(self, setup: Setup) -> None:
        """Take a worker that was started so; it is shared with the other scenarios."""
        if setup.slots > 1 and self.pool == "solo":
            raise NotExercised("the solo pool runs one task at a time")
        self.trace.worker = self.worker_with(setup)

    def need_profile(self, profile: str) -> None:
        """Go on only with a service that is judged for *profile*: what it is about is not everybody's."""
        if profile not in self.profiles:
            raise NotExercised(f"the service does not declare it: set [tool.logconform] profiles, with {profile!r}")

    def restart_broker(self) -> None:
        """Take the broker down and up again."""
        restart = self.worker.broker.restart
        if restart is None:
            raise NotExercised("the lab can't restart this broker")
        restart()

    def need_children(self, why: str) -> None:
        """Go on only where tasks run in processes of their own."""
        if not has_children(self.pool):
            raise NotExercised(why)

    def use_level(self, level: str) -> None:
        """Take a worker that Celery's own option gives another level."""
        try:
            self.use(Setup(level=level))
        except SubjectError as error:
            raise NotExercised(f"the worker does not take --loglevel {level}: {error}") from None

    def need_log_file(self) -> None:
        """Go on only with a service that says where its log file is."""
        if self.log_file is None:
            raise NotExercised("no log file is named: set [tool.logconform] log_file")

    def use_blocked(self) -> None:
        """Take a worker whose log file can't be opened, because a folder stands in its place."""
        self.need_log_file()
        try:
            self.use(Setup(blocked=True))
        except SubjectError as error:
            raise StageError(f"with a log file that can't be opened, {error}") from None

    def probe(
        self, role: str, task: str, args: tuple[Any, ...] = (), facts: Any = None, options: Any = None, **kwargs: Any
    ) -> Sent:
        """Send a probe without waiting for it. *facts* are what audits compare with; *kwargs* its arguments."""
        word = nonce()
        task_id = self.worker.send(PREFIX + task, args, {"probe": word, **kwargs}, **(options or {}))
        known: dict[str, Any] = {name: kwargs[name] for name in ("tenant_id", "user_id") if name in kwargs}
        return self._keep(role, Sent(task_id, word, PREFIX + task, {**known, **(facts or {})}))

    def run(self, role: str, task: str, *, seconds: float = TASK_SECONDS, **arguments: Any) -> Sent:
        """Send a probe, and wait for its end."""
        sent = self.probe(role, task, **arguments)
        self.worker.wait_ended([sent], seconds)
        return sent

    def leave(self, role: str, task: str, **arguments: Any) -> Sent:
        """Run a probe whose body ends soon, and whose ending is told late; that is waited for before the shutdown."""
        sent = self.probe(role, task, **arguments)
        truth = self.worker.truth

        def left() -> bool:
            said = truth.task(sent.task_id).spoken
            return bool(said) and said[-1]["point"] == "last"

        self._wait(sent, left, f"{sent.name} to leave")
        self.worker.lingering.append(sent)
        return sent

    def end(self, role: str, how: str, **arguments: Any) -> Sent:
        """Run a probe that ends as *how* says, by whichever probe task can."""
        self._check_pool(how)
        if how in SLOW and not arguments:
            return self._once(role, how)
        return self._end(role, how, **arguments)

    def _once(self, role: str, how: str) -> Sent:
        """Let one task serve all scenarios that ask for the same slow ending."""
        before = self.worker.shared.get(how)
        if before is not None:
            return self._keep(role, before)
        self.worker.shared[how] = self._end(role, how)
        return self.worker.shared[how]

    def _end(self, role: str, how: str, **arguments: Any) -> Sent:
        task, extra = ENDING_TASKS.get(how, ("end", {"how": how}))
        facts = {**EXHAUSTING.get(how, {}), **(arguments.pop("facts", None) or {})}
        if how in TOLD_LATE:
            return self.leave(role, task, facts=facts, **extra, **arguments)
        if how in DELIVERED_AGAIN:
            return self._run_twice(role, task, facts=facts, **extra, **arguments)
        return self.run(role, task, facts=facts, options=LIMITS.get(how), **extra, **arguments)

    def _run_twice(self, role: str, task: str, **arguments: Any) -> Sent:
        """Run a probe that is delivered again, until it has ended for the second time."""
        sent = self.probe(role, task, **arguments)
        self._wait_run_again(sent)
        return sent

    def _wait_run_again(self, sent: Sent) -> None:
        truth = self.worker.truth
        self._wait(sent, lambda: len(truth.task(sent.task_id).executions) > 1, f"{sent.name} to be delivered again")
        self.worker.wait_ended([sent])

    def begin(self, role: str, how: str, **arguments: Any) -> Sent:
        """Send a probe, and wait until its body runs."""
        sent = self.probe(role, "end", how=how, **arguments)
        truth = self.worker.truth
        self._wait(sent, lambda: bool(truth.task(sent.task_id).spoken), f"{sent.name} to begin")
        return sent

    def _wait(self, sent: Sent, met: Callable[[], bool], what: str) -> None:
        """
        Wait until *met* by a probe.

        Raises:
            NotReached: If the service's own code ended it before its first line.
        """
        truth = self.worker.truth
        self.worker.wait(lambda: met() or truth.task(sent.task_id).unreached is not None, what)
        if error := truth.task(sent.task_id).unreached:
            raise NotReached(error)

    def stop_cold(self, sent: Sent) -> None:
        """Stop the worker cold while a task runs, once its main process knows that: else it would wait for the task."""
        self.worker.wait(lambda: self.worker.runs(sent.task_id), f"the worker to say that it runs {sent.name}")
        self.worker.stop(cold=True)
        if self.worker.killed:
            raise StageError("the worker did not end by SIGQUIT, and was killed")

    def lose_worker(self, role: str) -> Sent:
        """Kill the worker while a probe runs that is acknowledged late, and wait until the next one has run it."""
        broker = self.worker.broker
        if not broker.redelivers:
            raise NotExercised(LOST_MESSAGE)
        if broker.hand_out_again is None:
            raise NotExercised("the lab can't have this broker deliver the message of a lost worker again")
        sent = self.probe(role, "again", how="goes on and on")
        truth = self.worker.truth
        self._wait(sent, lambda: len(truth.task(sent.task_id).spoken) > 1, f"{sent.name} to begin")
        try:
            self.worker.fall_over()
        except SubjectError as error:
            raise StageError(f"after it was killed, {error}") from None
        broker.hand_out_again(self.worker.naming)
        self._wait_run_again(sent)
        return sent

    def revoke(self, sent: Sent, **options: Any) -> None:
        """Revoke a task that was sent, and wait until Celery says that it is."""
        self.command(sent.task_id, **options)
        self.worker.wait(lambda: bool(self.worker.truth.task(sent.task_id).revocations), f"{sent.name} to be revoked")

    def command(self, task_id: str, **options: Any) -> None:
        """Give the worker the command to revoke a task; go on only with a worker that takes commands."""
        if not self.worker.revoke(task_id, **options):
            raise NotExercised(NO_COMMANDS)

    def need_commands(self) -> None:
        """Go on only with a worker that takes commands."""
        if not self.worker.takes_commands():
            raise NotExercised(NO_COMMANDS)

    def canvas(self, roles: list[str], compose: Callable[[list[Any]], Any], calls: list[dict[str, Any]]) -> list[Sent]:
        """Run "end" probes that *compose* makes a whole of, and wait for those that have a role; the rest never run."""
        made = [Sent(str(uuid.uuid4()), nonce(), PREFIX + "end", call) for call in calls]
        compose([self.worker.signature(s.name, s.task_id, probe=s.probe, **s.facts) for s in made]).apply_async()
        kept = [self._keep(role, sent) for role, sent in zip(roles, made, strict=False)]
        self.worker.wait_ended(kept)
        return kept

    def own(self, role: str, kind: str) -> Sent:
        """Run the service's own task that the configuration names for *kind*."""
        task = self.own_tasks.get(kind)
        if task is None:
            raise NotExercised(f"no task is named for it: set [tool.logconform] tasks.{kind}")
        return self.run_own(role, task)

    def run_own(self, role: str, task: Task) -> Sent:
        """Run a task of the service's own. All that it writes is its body's: there is no probe in it."""
        task_id = self.worker.send(task.name, task.args, dict(task.kwargs))
        known = {name: task.kwargs[name] for name in ("tenant_id", "user_id") if name in task.kwargs}
        sent = self._keep(role, Sent(task_id, nonce(), task.name, {**known, "own": True}))
        self.worker.wait_ended([sent], 4 * TASK_SECONDS)
        return sent

    def adopt(self, role: str, sent: Sent) -> Sent:
        """Keep a task that another probe runs or sends."""
        return self._keep(role, sent)

    def _keep(self, role: str, sent: Sent) -> Sent:
        self.trace.roles[role].append(sent)
        self.worker.sent.append(sent)
        return sent

    def _check_pool(self, how: str) -> None:
        if not has_children(self.pool) and how in ENDINGS_ON_PREFORK:
            raise NotExercised(ENDINGS_ON_PREFORK[how])
        if self.pool == "solo" and how in {"exits", "is interrupted"}:
            raise NotExercised("a solo worker exits with its task")
        if how == "is killed and delivered again" and not self.worker.broker.redelivers:
            raise NotExercised(LOST_MESSAGE)
        if how in DELIVERED_AGAIN and not self.worker.broker.marks_redelivery:
            raise NotExercised("this broker does not say that it delivers a message again")


ENDING_TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "raises an expected exception": ("expected", {}),
    "is rejected and delivered again": ("again", {"how": "is rejected and delivered again"}),
    "is killed and delivered again": ("again", {"how": "is killed"}),
    "is retried and then succeeds": ("retry", {"failures": 2}),
    "is retried by autoretry_for and then succeeds": ("autoretry", {"failures": 2}),
    "is retried with a limit of its own and then succeeds": ("retry_in_force", {"failures": 1}),
    "is retried without limit and then succeeds": ("retry_unlimited", {"failures": 2}),
    "uses up its retries": ("retry", {"failures": 9}),
    "uses up its retries without naming the exception": ("retry", {"failures": 9, "exc": False}),
    "uses up the retries of autoretry_for": ("autoretry", {"failures": 9}),
    "uses up a limit of its own": ("retry_in_force", {"failures": 9}),
}
EXHAUSTING: dict[str, dict[str, Any]] = {
    "is retried and then succeeds": {"max_retries": 3},
    "is retried by autoretry_for and then succeeds": {"max_retries": 2},
    "is retried with a limit of its own and then succeeds": {"max_retries": 1},
    "is retried without limit and then succeeds": {"max_retries": None},
    "uses up its retries": {"max_retries": 3, "exhausts": True},
    "uses up its retries without naming the exception": {"max_retries": 3, "exhausts": True},
    "uses up the retries of autoretry_for": {"max_retries": 2, "exhausts": True},
    "uses up a limit of its own": {"max_retries": 1, "exhausts": True},
}
