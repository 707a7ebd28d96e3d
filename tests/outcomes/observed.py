"""What was seen of an outcome on a pool: events made independent of ids, times and races."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Event = Mapping[str, Any]

STRANDS = {"threads": "thread", "gevent": "greenlet"}
"""What a task runs in, on the pools that run it in the main process beside the main thread."""
OF_ANY_CHILD = {"worker_process_shutdown"}
"""Signals that children send which ran none of the tasks, when and as often as they like."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal, as its handler saw it."""

    signal: str
    context: str
    """What the context variable that `task_prerun` sets holds: the task's `own` id, `none`, or an `other` task's."""
    task: str = ""
    """Which of several tasks; empty where there is only one."""
    state: str = ""
    """Of `task_postrun`; `None` is a text here."""
    error: str = ""
    traceback: str = ""
    """Of `task_failure`: empty for a traceback object, else `text` or `none`."""
    sender_lacks_id: bool = False
    """Whether the sender is a task whose `request.id` is None."""
    missing: tuple[str, ...] = ()
    """Arguments of `task_retry` that are None."""
    why: str = ""
    exit_code: int | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Strand:
    """The signals of one process, thread or greenlet, in order. Between two strands there is no order to rely on."""

    place: str
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one outcome came to on one pool."""

    strands: tuple[Strand, ...]
    worker: str = ""
    """How the worker ended; empty where it went on."""

    def to_json(self) -> dict[str, Any]:
        """Return it for the data file, without what is empty."""
        strands = [
            {"place": each.place, "signals": [_lean(signal) for signal in each.signals]} for each in self.strands
        ]
        return {"strands": strands, **({"worker": self.worker} if self.worker else {})}

    @classmethod
    def from_json(cls, made: Mapping[str, Any]) -> Cell:
        """Return what `to_json` made."""
        strands = (Strand(each["place"], tuple(map(_signal_of, each["signals"]))) for each in made["strands"])
        return cls(tuple(strands), made.get("worker", ""))


@dataclass(frozen=True, slots=True)
class Run:
    """What one worker wrote down."""

    pool: str
    events: Sequence[Event]
    labels: Mapping[str, str] = field(default_factory=dict)
    """Names of the tasks that the outcome is about, by their ids; one name for all of them is not shown."""


def observe(runs: Sequence[Run], *, lifecycle: Collection[str] = (), worker: str = "") -> Cell:
    """Make a cell of what the workers of an outcome wrote, one after another: usually there is one."""
    strands: list[Strand] = []
    for number, run in enumerate(runs, 1):
        suffix = "" if number == 1 else f" of worker {number}"
        seen = _strands(run, lifecycle) or [Strand("main", ())]  # a worker that got nothing is shown
        strands += [replace(each, place=each.place + suffix) for each in seen]
    return Cell(tuple(strands), worker)


def _strands(run: Run, lifecycle: Collection[str]) -> list[Strand]:
    ready = next((event for event in run.events if event["signal"] == "ready"), None)
    by_strand: dict[tuple[int, int], list[Event]] = {}
    for event in run.events:
        if event.get("task_id") in run.labels or event["signal"] in lifecycle:
            by_strand.setdefault((event["pid"], event["strand"]), []).append(event)
    kind = STRANDS.get(run.pool, "child")
    strands = []
    if ready and (events := by_strand.pop((ready["pid"], ready["strand"]), None)):
        strands.append(Strand("main", _signals(events, run.labels)))
    ran = [events for events in by_strand.values() if _ran_a_task(events)]
    for number, events in enumerate(ran, 1):
        strands.append(Strand(kind if number == 1 else f"{kind} {number}", _signals(events, run.labels)))
    rest = [event for events in by_strand.values() if not _ran_a_task(events) for event in events]
    if aside := [event for event in rest if event["signal"] not in OF_ANY_CHILD]:
        # Between strands that ran no task, a timer's greenlets say, there is no order that could be told.
        strands.append(Strand(f"another {kind}", _signals(sorted(aside, key=_without_place), run.labels)))
    return strands


def _without_place(event: Event) -> str:
    return repr(sorted((name, value) for name, value in event.items() if name not in {"pid", "strand", "task_id"}))


def _ran_a_task(events: Iterable[Event]) -> bool:
    return any(event["signal"] == "prerun" for event in events)


def _signals(events: Iterable[Event], labels: Mapping[str, str]) -> tuple[Signal, ...]:
    """Return the events without what differs from run to run; equal ones in a row are one."""
    told = len(set(labels.values())) > 1
    signals: list[Signal] = []
    for event in events:
        signal = _signal(event, labels.get(event.get("task_id", ""), "") if told else "")
        if signals and replace(signals[-1], times=1) == signal:
            signals[-1] = replace(signals[-1], times=signals[-1].times + 1)
        else:
            signals.append(signal)
    return tuple(signals)


def _signal(event: Event, task: str) -> Signal:
    kept = ("state", "error", "traceback", "sender_lacks_id", "why", "exit_code")
    facts = {name: event[name] for name in kept if name in event}
    return Signal(event["signal"], event["context"], task, missing=tuple(event.get("missing", ())), **facts)


def _lean(signal: Signal) -> dict[str, Any]:
    facts = {name: getattr(signal, name) for name in Signal.__slots__}
    default = Signal("", "")
    return {name: value for name, value in facts.items() if value != getattr(default, name)}


def _signal_of(made: Mapping[str, Any]) -> Signal:
    return Signal(**{**made, "missing": tuple(made.get("missing", ()))})
