"""Why a worker can't be tested, in words that name the fault and its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logconform.lab.brokers import Broker, name_of
from logconform.lab.command import INCLUDES, OPTIONS_VARIABLE
from logconform.lab.pools import options_of, other_pool
from logconform.lab.serializers import SERIALIZERS, serializer_for
from logconform.lab.subject import Subject
from logconform.lab.truth import Event

SHOWN_BYTES, SHOWN_LINES = 4_000, 12
"""What is shown of the end of each stream."""


NO_QUEUES_MADE = "task_create_missing_queues"
"""What Celery names where a worker may not make the queue that it is told to take."""
QUEUE_OF_OWN = (
    "take a broker that the lab starts, --broker embedded: on one of others its worker has a queue of its own, which "
    f"the app's {NO_QUEUES_MADE} forbids; or leave that out, where the worker runs in the lab"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What there is to say of a worker of *subject* that can't be tested on *pool* and *broker*."""

    subject: Subject
    pool: str
    broker: Broker

    @property
    def awaited(self) -> str:
        """What the lab waits for after it has started the worker."""
        if not self.subject.command:
            return "the worker to be ready"
        return f"a Celery worker to be ready, with {INCLUDES[0]} loaded by its --include"

    def not_run(self, error: OSError) -> str:
        """Say why its program can't be run."""
        program = self.subject.command[0] if self.subject.command else "celery"
        return (
            f"{self.subject.command_at}: {program!r} can't be run: {error.strerror}\n"
            f"   = fix: name a program on the PATH, or a file that may be executed (`chmod +x`, a `#!` line first), "
            f"as seen from {self.subject.cwd}"
        )

    def not_ready(self, why: str, *streams: Path, loaded: bool) -> str:
        """Say why it did not start, with the end of its *streams*; *loaded*, where the oracle is in it all the same."""
        said = [line for line in map(_tail, streams) if line]
        shown = "\n".join(f"   | {line}" for text in said for line in text.splitlines()[-SHOWN_LINES:])
        return (
            f"{self._where}the worker of {self.subject.app} did not start: {why}\n"
            f"{shown or '   | (it wrote nothing)'}\n"
            f"   = fix: {QUEUE_OF_OWN if NO_QUEUES_MADE in shown else self._remedy(loaded)}"
        )

    def unfit(self, ready: Event) -> str | None:
        """Say why a worker that is ready can't be tested; None where it can."""
        if ready["adapter_error"]:
            return f"{ready['adapter_error']}\n   = fix: name it as MODULE:ATTR, importable by the worker"
        if not ready["queues"]:
            return f"the worker of {self.subject.app} consumes no queue\n   = fix: give it one"
        if other := other_pool(self.pool, ready["pool"]):
            return (
                f"{self._where}the worker of {self.subject.app} runs its tasks on the pool {other}, and not on "
                f"{self.pool}: where --pool says prefork, Celery takes what the app's worker_pool says\n"
                f"   = fix: run with --pool {other}, or leave worker_pool out where the worker runs in the lab"
            )
        if serializer_for(ready) is None:
            return (
                f"the worker of {self.subject.app} takes only tasks of the content type "
                f"{', '.join(ready['accepts'])}, and the lab writes {', '.join(SERIALIZERS)}: it has neither the "
                "service's serializer nor its keys\n"
                "   = fix: have its accept_content hold json too, where it runs in the lab"
            )
        if not same_place(ready["broker"], name_of(self.broker.url)):
            return (
                f"{self._where}the worker of {self.subject.app} listens to the broker {ready['broker']}, "
                f"and not to the lab's, {name_of(self.broker.url)}: no task would reach it\n"
                "   = fix: leave out --broker where the worker is started; Celery reads CELERY_BROKER_URL by itself"
            )
        return None

    @property
    def _where(self) -> str:
        return f"{self.subject.command_at}: " if self.subject.command else ""

    def _remedy(self, loaded: bool) -> str:
        if not self.subject.command:
            return f"make `celery --app {self.subject.app} worker {' '.join(options_of(self.pool))}` start by itself"
        if loaded:
            return f"the command did load {INCLUDES[0]}, so it got its options: make the worker behind it start"
        return (
            'hand on what is appended to the command (in a shell script: "$@"), say where it goes with {options}, or '
            f"read it from ${OPTIONS_VARIABLE}; and stay in the foreground until the worker ends"
        )


def same_place(one: str | None, other: str) -> bool:
    """
    Whether two names of brokers can be the same: a port that one of them leaves out may be the other's.

    >>> same_place("redis://h:6379", "redis://h"), same_place("redis://h:1", "redis://h:2")
    (True, False)
    """
    if one is None or one == other:
        return True
    first, second = one.split(";"), other.split(";")
    return len(first) == len(second) and all(
        left == right or left.startswith(f"{right}:") or right.startswith(f"{left}:")
        for left, right in zip(first, second, strict=True)
    )


def _tail(path: Path) -> str:
    if not path.exists():
        return ""
    return path.read_bytes()[-SHOWN_BYTES:].decode("utf-8", "replace").strip()
