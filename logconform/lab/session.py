"""One environment of the lab: its broker, its workers, and the run from stimulus to verdict."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from kombu.exceptions import ContentDisallowed, EncodeError, OperationalError

from logconform.config import Task
from logconform.findings import Finding, Verdict
from logconform.judge import judge_stream
from logconform.lab.any_task import tasks_of
from logconform.lab.brokers import Broker, open_broker
from logconform.lab.evidence import Log, Seen, Sent, said
from logconform.lab.exercise import SLOTS, Account, Exercise, unfinished
from logconform.lab.exercise import perform as perform_exercise
from logconform.lab.faults import Faults
from logconform.lab.log_file import put_back, unopenable
from logconform.lab.stage import NotExercised, NotReached, Stage, StageError, Trace
from logconform.lab.subject import Setup, Subject, SubjectError
from logconform.lab.truth import NotSeenError
from logconform.lab.vocabulary import perform
from logconform.lab.worker import Worker
from logconform.records import Place, Reading

RESTARTS = 4
"""How often a worker that ended, or is stuck, is started again for the scenarios that remain."""
BARREN = 3
"""After so many workers that were waited for in vain, and on none of which any task ended, no further one is tried."""
BROKEN_BY_VALUES = {"FMT009", "FMT010", "FMT011", "FMT014"}
"""Scenarios that provoke broken lines: what is broken there speaks against their own requirement."""
PROVOKE_LENGTH = {"FMT011", "FAIL005", "CTX013", "SINK007"}
"""Scenarios that provoke records as long as they may be."""
LINE_FAULTS = {"FMT001", "FMT002"}
TORN_BY_OTHERS = {"SINK004", "SINK007"}
"""Scenarios in which many processes write at once: a line that is torn there, or two in one, is theirs."""
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
    profiles: Collection[str] = ()
    workers: list[Worker] = field(default_factory=list)
    logs: dict[int, Log] = field(default_factory=dict)
    broker: Broker | None = None
    failed: Worker | None = None
    """The last that did not start."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _blocking: ExitStack = field(default_factory=ExitStack)
    """Puts the log file back where it was."""

    def open(self, setup: Setup | None = None) -> None:
        """
        Start the broker and the first worker.

        Raises:
            BrokerUnavailable: If there is no broker.
            SubjectError: If the worker does not start.
        """
        self.broker = self._stack.enter_context(open_broker(self.broker_choice, self.folder))
        if self.subject.log_file is not None:
            put_back(self.subject.log_file)
        self.worker_with(setup or Setup())

    def stimulate(self, requirement: str, steps: Iterable[str]) -> Trace:
        """Do what a scenario's Given and When steps say. What goes wrong is kept in the trace."""
        trace = Trace(requirement, blocked=self._hopeless)
        if trace.blocked:
            return trace
        stage = Stage(self.pool, trace, self.worker_with, dict(self.own_tasks), self.subject.log_file, self.profiles)
        try:
            for text in steps:
                perform(stage, text)
                if trace.worker is not None and not trace.sent and (gone := trace.worker.gone()):
                    trace.blocked = gone
                    break
        except NotExercised as reason:
            trace.skipped = str(reason)
        except (EncodeError, ContentDisallowed) as error:
            assert trace.worker is not None
            trace.skipped = f"the worker's serializer, {trace.worker.serializer}, can't carry this: {str(error)[:200]}"
        except OperationalError as error:
            trace.blocked = f"the broker did not take a task of the lab's: {error}"
        except NotReached:
            pass  # told below
        except (NotSeenError, StageError) as error:
            trace.error = str(error)
        if unreached := trace.unreached:
            trace.error, trace.blocked = None, unreached
        return trace

    def exercise(self, exercise: Exercise) -> Account:
        """
        Run a service's own command against a worker of this environment.

        Raises:
            BrokerUnavailable: If there is no broker, or none that the command could use.
            SubjectError: If the worker does not start.
        """
        self.open(Setup(slots=1 if self.pool == "solo" else SLOTS, open=True))
        assert self.broker is not None
        return perform_exercise(exercise, self.workers[0], self.broker, self.folder)

    def close_exercise(self) -> Seen:
        """Shut the worker down, and return all that ran on it; what did not come to its end is left out."""
        [worker] = self.workers
        self._shut_down()
        unjudged = {task.task_id for task in unfinished(worker)}
        log = self.logs[id(worker)] = _judge(worker, [], unjudged)
        roles = {"task": tasks_of(worker.truth, unjudged)}
        secret = self.broker.secret if self.broker else None
        return Seen(log, worker.truth, self.pool, roles, secret, self.subject.log_file)

    def worker_with(self, setup: Setup) -> Worker:
        """
        Return the worker that was started so, a new one where the last has ended or was waited for in vain.

        One worker runs at a time: two would take each other's tasks from the queue.

        Raises:
            SubjectError: If it does not start.
        """
        current = self.workers[-1] if self.workers else None
        if current is not None and current.setup == setup and not self._restartable(current):
            return current
        if current is not None:
            current.stop()
        assert self.broker is not None
        self._blocking.close()
        if setup.blocked and self.subject.log_file is not None:
            self._blocking.enter_context(unopenable(self.subject.log_file))
        worker = Worker(self.subject, self.pool, setup, self.broker, self.folder)
        try:
            worker.start()
        except SubjectError:
            self.failed = worker
            raise
        self.workers.append(worker)
        return worker

    @property
    def _hopeless(self) -> str | None:
        """Why no further scenario is tried: whichever worker it was, no task came to its end on it."""
        if len(self.workers) < BARREN or not all(each.barren for each in self.workers):
            return None
        return f"no task came to its end on {len(self.workers)} workers; the first: {self.workers[0].vain[0]}"

    def _restartable(self, worker: Worker) -> bool:
        alike = [each for each in self.workers if each.setup == worker.setup]
        return (not worker.process.alive or worker.stuck) and len(alike) < RESTARTS

    def close(self, traces: Iterable[Trace]) -> None:
        """Shut everything down, and judge what the workers wrote."""
        self._shut_down()
        kept = list(traces)
        for worker in self.workers:
            self.logs[id(worker)] = _judge(worker, [trace for trace in kept if trace.worker is worker])

    def _shut_down(self) -> None:
        for worker in self.workers:
            worker.stop()
        self._blocking.close()
        self._stack.close()

    def seen(self, trace: Trace) -> Seen | None:
        """Return a scenario's view; None where it never came to a worker."""
        if trace.worker is None:
            return None
        secret = self.broker.secret if self.broker else None
        log = self.logs[id(trace.worker)]
        return Seen(log, trace.worker.truth, self.pool, trace.roles, secret, self.subject.log_file)

    def verdict(self) -> Verdict:
        """Return what readers, schemas and rules found in all logs."""
        return sum((log.verdict for log in self.logs.values()), Verdict())

    def faults(self) -> Faults:
        """Return what these findings come to, as a waiver counts."""
        together = Faults()
        for log in self.logs.values():
            together.add(log.faults)
        return together

    def abandon(self) -> None:
        """Stop everything at once, whatever its state."""
        for worker in self.workers:
            worker.process.kill()
        self._blocking.close()
        self._stack.close()

    @property
    def versions(self) -> dict[str, str]:
        """The versions that the run was made with."""
        names = ("celery", "kombu", "billiard", "structlog")
        return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def _judge(worker: Worker, traces: list[Trace], unjudged: Collection[str] = ()) -> Log:
    readings, stderr = worker.read()
    truncated = worker.process.stdout.truncated
    faults = Faults()

    def judged(lines: list[Reading], *, cut: bool) -> Verdict:
        scope = faults.noting(_Scope(worker, traces, lines, unjudged))
        return judge_stream(lines, complete=not (cut or worker.killed), wanted=scope)

    in_file = [reading for part in worker.parts for reading in part.readings]
    rotated = any(part.rotated for part in worker.parts)  # its beginning may be gone
    # Each of the two streams is held to the contract by itself.
    verdict = judged(readings, cut=truncated) + judged(in_file, cut=rotated)
    warm = worker.ending is not None and worker.ending.signals == ("SIGTERM",)
    told_to_stop = worker.told_to_stop if warm else None
    return Log(readings, verdict, stderr, truncated, worker.parts, told_to_stop, faults.found)


class _Scope:
    """
    Which findings of the common rules count.

    A probe is judged for what it was sent for: a fault that shows in a nested
    task speaks against the requirement on nested tasks, not against every other
    that its records then break too. What every record is held to always counts.
    """

    def __init__(
        self, worker: Worker, traces: list[Trace], readings: list[Reading], unjudged: Collection[str] = ()
    ) -> None:
        self._unjudged = unjudged
        self._requirements: dict[str, set[str]] = {}
        self._probes: dict[str, set[str]] = {}
        for trace in traces:
            for sent in trace.sent:
                self._admit(sent, trace.requirement)
        for event in worker.truth.of_kind("prerun"):  # tasks that probes ran in-process, or sent
            if event.get("probe") in self._probes:
                self._requirements.setdefault(event["task_id"], self._probes[event["probe"]])
        self._by_place = {reading.place: reading for reading in readings}
        self._numbers = {reading.place: number for number, reading in enumerate(readings)}
        self._broken = _windows(traces, readings, BROKEN_BY_VALUES)
        self._torn = _windows(traces, readings, TORN_BY_OTHERS)

    def __call__(self, finding: Finding) -> bool:
        place = finding.place
        if finding.requirement in LINE_FAULTS and place is not None:
            return not self._within(place, self._broken + self._torn)
        if finding.requirement == "FMT011" and place is not None and self._within(place, self._torn):
            return False
        admitted = self._admitted(finding.task_id, place)
        if finding.requirement == "FMT012" and admitted is not None and admitted & PROVOKE_LENGTH:
            return False
        if finding.requirement.rstrip("0123456789") in EVERYWHERE:
            return True
        if finding.task_id in self._unjudged:
            return False
        return admitted is None or finding.requirement in admitted

    def _within(self, place: Place, windows: list[range]) -> bool:
        return any(self._numbers.get(place, -1) in window for window in windows)

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
        library = (reading.record.logger or "").removeprefix("logconform.library.").partition(".")[0]
        return self._probes.get(str(said(reading.record, "probe"))) or self._probes.get(library)


def _windows(traces: list[Trace], readings: list[Reading], about: Collection[str]) -> list[range]:
    """Return the runs of lines, by their numbers, in which scenarios *about* a requirement provoked broken ones."""
    words: dict[bytes, int] = {}
    for number, trace in enumerate(traces):
        if trace.requirement in about:
            for sent in trace.sent:
                words[sent.probe.encode()] = words[sent.task_id.encode()] = number
    spans: dict[int, range] = {}
    for line, reading in enumerate(readings if words else ()):
        for word, number in words.items():
            if word in reading.raw:
                spans[number] = range(spans[number].start if number in spans else line, line + 1)
    return list(spans.values())
