"""What the tables mean for handlers: sentences, each with the check that it is true of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.outcomes.table import Table

PREFORK = ("prefork (fork)", "prefork (spawn)")
IN_PROCESS = ("threads", "solo", "gevent")


@dataclass(frozen=True, slots=True)
class Consequence:
    """A sentence for who writes handlers, in Markdown."""

    text: str
    check: Callable[[Table], bool]

    def holds(self, table: Table) -> bool:
        """Whether it is true of *table*; one that lacks what it speaks of proves nothing."""
        try:
            return self.check(table)
        except KeyError:
            return False


def _names(table: Table, outcome: str, pool: str) -> list[str]:
    return [each.signal for each in table.signals(outcome, pool) for _ in range(each.times)]


def _on(pools: tuple[str, ...], check: Callable[[Table, str], bool]) -> Callable[[Table], bool]:
    def holds(table: Table) -> bool:
        shown = [pool for pool in pools if pool in table.pools]
        return bool(shown) and all(check(table, pool) for pool in shown)

    return holds


def _left_over(table: Table) -> bool:
    at_start = {pool: signal.context for outcome, pool, _, signal in table.every("prerun") if outcome == "success"}
    return {context for pool, context in at_start.items() if pool != "gevent"} == {"other"} and at_start[
        "gevent"
    ] == "none"


def _main_sees_nothing(table: Table) -> bool:
    told = [signal for _, pool, place, signal in table.every("failure") if pool in PREFORK and place == "main"]
    return bool(told) and {signal.context for signal in told} == {"none"}


def _success_is_its_own(table: Table) -> bool:
    foreign = {outcome for outcome, _, _, signal in table.every("success") if signal.context != "own"}
    return foreign == {"nested"}


def _succeeds(table: Table, outcome: str, pool: str) -> bool:
    return [each.state for each in table.signals(outcome, pool) if each.state] == ["SUCCESS"]


CONSEQUENCES: tuple[Consequence, ...] = (
    Consequence(
        "**Clear before you bind.** On prefork, threads and solo, `task_prerun` finds what the task before it bound; "
        "on gevent, it finds nothing.",
        _left_over,
    ),
    Consequence(
        "**What the main process tells has no context.** On prefork, every `task_failure` that fires in the main "
        "process sees nothing of what was bound in the child. Remember in the main process what such a record needs: "
        "`task_received` fires there.",
        _main_sees_nothing,
    ),
    Consequence(
        "**`task_postrun` is not certain.** When its process is [killed](#killed), a task has none, on any pool; so no "
        "clean-up may depend on it alone.",
        lambda table: all("postrun" not in _names(table, "killed", pool) for pool in table.pools),
    ),
    Consequence(
        "**A `state` of None is not the last word.** A [hard time limit](#hard-limit) and [`sys.exit()`](#exit-0) "
        "leave it behind on prefork, and the main process tells a failure.",
        _on(
            PREFORK,
            lambda table, pool: all(
                "None" in {each.state for each in table.signals(outcome, pool)}
                and "failure" in {each.signal for each in table.signals(outcome, pool, "main")}
                for outcome in ("hard-limit", "exit-0")
            ),
        ),
    ),
    Consequence(
        "**Nothing may follow.** On threads and gevent, after [`sys.exit()`](#exit-0) or "
        "[`KeyboardInterrupt`](#interrupt), a `postrun` with the state None is the last that is heard of the task: an "
        "ending has to be written there.",
        _on(
            ("threads", "gevent"),
            lambda table, pool: all(
                _names(table, outcome, pool) == ["received", "prerun", "postrun"]
                for outcome in ("exit-0", "exit-1", "interrupt")
            ),
        ),
    ),
    Consequence(
        "**A failure may be told twice.** A [hard time limit](#hard-limit) on prefork fires `task_failure` twice for "
        "one execution.",
        _on(PREFORK, lambda table, pool: _names(table, "hard-limit", pool).count("failure") == 2),
    ),
    Consequence(
        "**A failure may come after `postrun`.** On threads, solo and gevent, `task_failure` for a [Reject](#reject) "
        "fires when the execution is over: what a `task_postrun` handler has cleared is gone.",
        _on(IN_PROCESS, lambda table, pool: _names(table, "reject", pool)[-2:] == ["postrun", "failure"]),
    ),
    Consequence(
        "**Two endings for one execution.** On prefork, a task terminated [with SIGUSR1](#terminated-sigusr1) fails in "
        "the child and is revoked in the main process; one that succeeds during a [soft shutdown](#soft-shutdown) is "
        "told to be retried.",
        _on(
            PREFORK,
            lambda table, pool: (
                {"revoked", "failure"} <= set(_names(table, "terminated-sigusr1", pool))
                and {"success", "retry"} <= set(_names(table, "soft-shutdown", pool))
            ),
        ),
    ),
    Consequence(
        "**Take the task's id from the signal's arguments.** `sender.request.id` can be None, and in `task_revoked` it "
        "always is: the id is `request.id` there.",
        lambda table: all(signal.sender_lacks_id for *_, signal in table.every("revoked")),
    ),
    Consequence(
        "**`traceback` can be a string**, as for a [killed process](#killed) on prefork or a [Reject](#reject).",
        _on(
            PREFORK,
            lambda table, pool: all(
                "text" in {each.traceback for each in table.signals(outcome, pool)} for outcome in ("killed", "reject")
            ),
        ),
    ),
    Consequence(
        "**`task_retry` may have no `reason`**, and no `einfo`: after a [cold shutdown](#cold-shutdown) on prefork.",
        _on(
            PREFORK,
            lambda table, pool: any(
                each.missing == ("reason", "einfo") for each in table.signals("cold-shutdown", pool, "main")
            ),
        ),
    ),
    Consequence(
        "**A task may end unseen.** A task [revoked before it starts](#revoked) is never received; a [broken "
        "message](#broken-json) fires no signal at all.",
        lambda table: all(
            _names(table, "revoked", pool) == ["revoked"] and not _names(table, "broken-json", pool)
            for pool in table.pools
        ),
    ),
    Consequence(
        "**A killed worker's message may stay away.** On gevent, [it did not come back](#redelivered) in the fifteen "
        "seconds that the run waits; on the other pools, it did.",
        lambda table: (
            not table.signals("redelivered", "gevent", "main of worker 2")
            and all(table.signals("redelivered", pool, "main of worker 2") for pool in table.pools if pool != "gevent")
        ),
    ),
    Consequence(
        "**Nothing is cut off on threads and solo.** Time limits and `terminate` do nothing there: the task succeeds. "
        "So it does on gevent with a [soft time limit](#soft-limit).",
        lambda table: all(
            _succeeds(table, outcome, pool)
            for outcome in (
                "soft-limit",
                "hard-limit",
                "terminated-sigterm",
                "terminated-sigkill",
                "terminated-sigusr1",
            )
            for pool in (("threads", "solo", "gevent") if outcome == "soft-limit" else ("threads", "solo"))
        ),
    ),
    Consequence(
        "**Restore what a nested task found.** After an inner [`.apply()`](#nested), the outer task's handlers see the "
        "inner one's id. It is the only case here in which `task_success` sees another task's.",
        _success_is_its_own,
    ),
)
