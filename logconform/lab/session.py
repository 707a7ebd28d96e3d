"""One environment of the lab: its broker, its workers, and the run from stimulus to verdict."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from logconform.config import Task
from logconform.findings import Finding, Verdict
from logconform.judge import judge_stream
from logconform.lab.brokers import Broker, open_broker
from logconform.lab.evidence import Log, Seen, Sent, said
from logconform.lab.stage import NotExercised, Stage, Trace
from logconform.lab.truth import NotSeenError
from logconform.lab.vocabulary import perform
from logconform.lab.worker import Subject, Worker
from logconform.records import Place, Reading

RESTARTS = 4
"""How often a worker that ended is started again for the scenarios that remain."""
BROKEN_BY_VALUES = {"FMT009", "FMT010", "FMT011", "FMT014"}
"""Scenarios that provoke broken lines: what is broken there speaks against their own requirement."""
PROVOKE_LENGTH = {"FMT011", "FAIL005", "CTX013"}
"""Scenarios that provoke records as long as they may be."""
LINE_FAULTS = {"FMT001", "FMT002"}
EVERYWHERE = ("FMT", "SAFE", "SINK", "TRACE")
"""Areas that every record is judged for, whatever its task was sent for."""


@dataclass
class Environment:
    """A pool on a broker: workers by their number of slots, the scenarios' traces, and the logs in the end."""

    name: str
    subject: Subject
    pool: str
    broker_choice: str
    folder: Path
    own_tasks: Mapping[str, Task] = field(default_factory=dict)
    workers: list[Worker] = field(default_factory=list)
    logs: dict[int, Log] = field(default_factory=dict)
    broker: Broker | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def open(self) -> None:
        """
        Start the broker and the first worker.

        Raises:
            BrokerUnavailable: If there is no broker.
            SubjectError: If the worker does not start.
        """
        self.broker = self._stack.enter_context(open_broker(self.broker_choice, self.folder))
        self.worker_with(1)

    def stimulate(self, requirement: str, steps: Iterable[str]) -> Trace:
        """Do what a scenario's Given and When steps say. What goes wrong is kept in the trace."""
        trace = Trace(requirement)
        stage = Stage(self.pool, trace, self.worker_with, dict(self.own_tasks))
        try:
            for text in steps:
                perform(stage, text)
                if trace.worker is not None and not trace.sent and (gone := trace.worker.gone()):
                    trace.blocked = gone
                    break
        except NotExercised as reason:
            trace.skipped = str(reason)
        except NotSeenError as error:
            trace.error = str(error)
        return trace

    def worker_with(self, slots: int) -> Worker:
        """
        Return the worker with so many slots, a new one where the last has ended.

        One worker runs at a time: two would take each other's tasks from the queue.
        """
        current = self.workers[-1] if self.workers else None
        if current is not None and current.slots == slots and not self._restartable(current):
            return current
        if current is not None:
            current.stop()
        assert self.broker is not None
        worker = Worker(self.subject, self.pool, slots, self.broker, self.folder)
        worker.start()
        self.workers.append(worker)
        return worker

    def _restartable(self, worker: Worker) -> bool:
        return not worker.process.alive and len(self.workers) < RESTARTS

    def close(self, traces: Iterable[Trace]) -> None:
        """Shut everything down, and judge what the workers wrote."""
        for worker in self.workers:
            worker.stop()
        self._stack.close()
        kept = list(traces)
        for worker in self.workers:
            self.logs[id(worker)] = _judge(worker, [trace for trace in kept if trace.worker is worker])

    def seen(self, trace: Trace) -> Seen | None:
        """Return a scenario's view; None where it never came to a worker."""
        if trace.worker is None:
            return None
        secret = self.broker.secret if self.broker else None
        return Seen(self.logs[id(trace.worker)], trace.worker.truth, self.pool, trace.roles, secret)

    def verdict(self) -> Verdict:
        """Return what readers, schemas and rules found in all logs."""
        return sum((log.verdict for log in self.logs.values()), Verdict())

    def abandon(self) -> None:
        """Stop everything at once, whatever its state."""
        for worker in self.workers:
            worker.process.kill()
        self._stack.close()

    @property
    def versions(self) -> dict[str, str]:
        """The versions that the run was made with."""
        names = ("celery", "kombu", "billiard", "structlog")
        return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def _judge(worker: Worker, traces: list[Trace]) -> Log:
    readings, stderr = worker.read()
    truncated = worker.process.stdout.truncated
    verdict = judge_stream(readings, complete=not truncated, wanted=_Scope(worker, traces, readings))
    in_file = worker.read_log_file()  # each of the two streams is held to the contract by itself
    verdict += judge_stream(in_file, wanted=_Scope(worker, traces, in_file))
    return Log(readings, verdict, stderr, truncated)


class _Scope:
    """
    Which findings of the common rules count.

    A probe is judged for what it was sent for: a fault that shows in a nested
    task speaks against the requirement on nested tasks, not against every other
    that its records then break too. What every record is held to always counts.
    """

    def __init__(self, worker: Worker, traces: list[Trace], readings: list[Reading]) -> None:
        self._requirements: dict[str, set[str]] = {}
        self._probes: dict[str, set[str]] = {}
        for trace in traces:
            for sent in trace.sent:
                self._admit(sent, trace.requirement)
        for event in worker.truth.of_kind("prerun"):  # tasks that probes ran in-process, or sent
            if event.get("probe") in self._probes:
                self._requirements.setdefault(event["task_id"], self._probes[event["probe"]])
        self._by_place = {reading.place: reading for reading in readings}
        self._broken = _windows(traces, readings)

    def __call__(self, finding: Finding) -> bool:
        place = finding.place
        if finding.requirement in LINE_FAULTS and place is not None:
            return not any(first <= place.offset <= last for first, last in self._broken)
        admitted = self._admitted(finding.task_id, place)
        if finding.requirement == "FMT012" and admitted is not None and admitted & PROVOKE_LENGTH:
            return False
        if finding.requirement.rstrip("0123456789") in EVERYWHERE:
            return True
        return admitted is None or finding.requirement in admitted

    def _admit(self, sent: Sent, requirement: str) -> None:
        if sent.facts.get("own"):
            return
        self._requirements.setdefault(sent.task_id, set()).add(requirement)
        self._probes.setdefault(sent.probe, set()).add(requirement)

    def _admitted(self, task_id: str | None, place: Place | None) -> set[str] | None:
        if task_id in self._requirements:
            return self._requirements[task_id]
        reading = self._by_place.get(place) if place is not None else None
        if reading is None or reading.record is None:
            return None
        library = (reading.record.logger or "").removeprefix("logconform.library.")
        return self._probes.get(str(said(reading.record, "probe"))) or self._probes.get(library)


def _windows(traces: list[Trace], readings: list[Reading]) -> list[tuple[int, int]]:
    """Return the parts of the stream, as offsets, in which scenarios provoked broken lines."""
    words: dict[bytes, int] = {}
    for number, trace in enumerate(traces):
        if trace.requirement in BROKEN_BY_VALUES:
            for sent in trace.sent:
                words[sent.probe.encode()] = words[sent.task_id.encode()] = number
    spans: dict[int, tuple[int, int]] = {}
    for reading in readings if words else ():
        for word, number in words.items():
            if word in reading.raw:
                first, _ = spans.get(number, (reading.place.offset, 0))
                spans[number] = (first, reading.place.offset)
    return list(spans.values())
