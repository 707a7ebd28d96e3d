"""Steps about tasks that run as a whole: chains, groups and chords."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from celery import chain, chord, group

from logconform.lab.stage import Stage
from logconform.lab.vocabulary import stimulus
from logconform.lab.worker import nonce

FAILS, SUCCEEDS = "raises an exception", "succeeds"


@dataclass(frozen=True, slots=True)
class Canvas:
    """How tasks are composed, how each ends, and how many of them come to run."""

    compose: Callable[[Sequence[Any]], Any]
    endings: tuple[str, ...]
    run: int


CANVASES = {
    "a chain": Canvas(lambda tasks: chain(*tasks), (SUCCEEDS, SUCCEEDS, SUCCEEDS), 3),
    "a chain whose second task fails": Canvas(lambda tasks: chain(*tasks), (SUCCEEDS, FAILS, SUCCEEDS), 2),
    "a group": Canvas(group, (SUCCEEDS, FAILS, SUCCEEDS), 3),
    "a chord": Canvas(lambda tasks: chord(tasks[:-1], tasks[-1]), (SUCCEEDS, SUCCEEDS, SUCCEEDS), 3),
    "a chord with a failing member": Canvas(lambda tasks: chord(tasks[:-1], tasks[-1]), (SUCCEEDS, FAILS, SUCCEEDS), 2),
}


@stimulus("tasks for tenants run as {canvas}")
def as_canvas(stage: Stage, canvas: str) -> None:
    made = CANVASES[canvas]
    calls = [{"how": how, "tenant_id": f"acme-{nonce()}"} for how in made.endings]
    stage.canvas(["task"] * made.run, made.compose, calls)


@stimulus("a task for a tenant and one without run as a chain")
def as_chain(stage: Stage) -> None:
    stage.canvas(["first", "second"], lambda tasks: chain(*tasks), [{"tenant_id": f"acme-{nonce()}"}, {}])
