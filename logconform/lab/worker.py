"""A worker under test: started with oracle and probes, sent tasks to, stopped, and read to its last byte."""

from __future__ import annotations

import itertools
import os
import shlex
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from celery import Celery
from celery.canvas import Signature
from kombu.entity import Queue
from kombu.exceptions import ContentDisallowed
from kombu.messaging import Producer

from logconform.lab.brokers import Broker
from logconform.lab.capture import LIMIT_BYTES
from logconform.lab.command import INCLUDES, OPTIONS_VARIABLE, own_command, worker_command
from logconform.lab.evidence import Sent
from logconform.lab.log_file import LogFile, Part
from logconform.lab.oracle import FILE_VARIABLE, FOLDER_VARIABLE
from logconform.lab.process import Ending, WorkerProcess
from logconform.lab.process_environment import worker_environment
from logconform.lab.refusal import Refusal
from logconform.lab.serializers import serializer_for
from logconform.lab.subject import Setup, Subject, SubjectError
from logconform.lab.truth import Event, NotSeenError, Truth
from logconform.lab.voice import ADAPTER_VARIABLE
from logconform.records import Reading, read_stream

READY_SECONDS = 30.0
TASK_SECONDS = 10.0
"""How long the lab waits for the end of a task; probes take milliseconds, those that overrun a limit some seconds."""
CONTROL_SECONDS = 3.0
"""How long a worker may take to answer a remote control command."""
LINGER_SECONDS = 15.0
"""How long Celery may take to report a task whose child exited: it waits ten seconds for a result first."""
TIMEOUTS_BORNE = 3
"""After so many waits in vain a worker is given up: the run must end."""

_numbers = itertools.count(1)


def nonce() -> str:
    """Return a word that stands nowhere else in a log."""
    return f"q{uuid.uuid4().hex[:11]}"


@dataclass
class Worker:
    """One worker process on one broker."""

    subject: Subject
    pool: str
    setup: Setup
    broker: Broker
    folder: Path
    kept_bytes: int = LIMIT_BYTES
    """Bytes that are kept of each of its streams."""
    process: WorkerProcess = field(init=False)
    truth: Truth = field(init=False)
    ending: Ending | None = None
    log_file: LogFile | None = None
    parts: list[Part] = field(default_factory=list)
    """What it added to the service's log file, once it has stopped."""
    told_to_stop: float | None = None
    """When it was sent SIGTERM, by the same clock as the oracle's; None while it was not."""
    given: dict[str, str] = field(default_factory=dict)
    """What its environment has beside the lab's own."""
    vain: list[str] = field(default_factory=list)
    """What was waited for in vain."""
    sent: list[Sent] = field(default_factory=list)
    lingering: list[Sent] = field(default_factory=list)
    shared: dict[str, Sent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        number = next(_numbers)
        self.command: list[str] = []
        self.stdout = self.folder / f"worker-{number}.stdout"
        self.stderr = self.folder / f"worker-{number}.stderr"
        self.oracle = self.folder / f"worker-{number}.oracle"
        self.queues: list[str] = []
        self._own_queue = f"logconform-{uuid.uuid4().hex}" if self.broker.shared and not self.setup.open else ""
        self.serializer = "json"
        self.naming: dict[str, Any] = {}
        self._refusal = Refusal(self.subject, self.pool, self.broker)
        self._client = Celery(f"logconform-lab-{number}", broker=self.broker.url, set_as_current=False)
        self._client.conf.broker_transport_options = self.broker.transport_options
        self._client.conf.task_ignore_result = True

    def start(self) -> None:
        """
        Start the process, and wait until it takes tasks.

        Raises:
            SubjectError: If it can't be run, ends before, or is not ready in time.
        """
        options = self._options()
        own = {FILE_VARIABLE: str(self.oracle), OPTIONS_VARIABLE: shlex.join(options[options.index("worker") + 1 :])}
        own[FOLDER_VARIABLE] = str(self.subject.cwd)
        if self.subject.adapter:
            own[ADAPTER_VARIABLE] = self.subject.adapter
        if self.setup.slots > 1:
            own["PYTHONUNBUFFERED"] = "1"  # several processes on one pipe are to cope with it (SINK007)
        path = self.subject.log_file
        self.log_file = LogFile(path) if path is not None and not self.setup.blocked else None
        self.given = {**self.broker.env, **own}
        environment = worker_environment(self.subject.cwd, self.given)
        self.given["PYTHONPATH"] = environment["PYTHONPATH"]
        self.command = self._command(options)
        self.truth = Truth(self.oracle, self.gone)
        self._launch(environment)

    def fall_over(self) -> None:
        """
        Kill the process and all that it started, and start another: on the same queue, and into the same files.

        Raises:
            SubjectError: As `start` does.
        """
        self.process.kill()
        for stream in (self.stdout, self.stderr):
            _end_with_a_line(stream)
        self._launch(worker_environment(self.subject.cwd, self.given))

    def _launch(self, environment: dict[str, str]) -> None:
        before = len(self._ready)
        try:
            self.process = WorkerProcess(
                self.command, environment, self.subject.cwd, self.stdout, self.stderr, limit_bytes=self.kept_bytes
            )
        except OSError as error:
            raise SubjectError(self._refusal.not_run(error)) from None
        try:
            self.truth.wait_for(lambda: len(self._ready) > before, READY_SECONDS, self._refusal.awaited)
        except NotSeenError as error:
            self.process.kill()
            loaded = any(self.truth.of_kind("loaded"))
            raise SubjectError(self._refusal.not_ready(str(error), self.stderr, self.stdout, loaded=loaded)) from None
        ready = self._ready[-1]
        if unfit := self._refusal.unfit(ready):
            self.process.kill()
            raise SubjectError(unfit)
        self.process.lead(ready["pid"])
        self._reach(ready)

    def _reach(self, ready: Event) -> None:
        """Send from now on as the worker's own app would: what it can read, to where it looks."""
        self.queues = list(ready["queues"])
        self.serializer = serializer_for(ready) or self.serializer
        self.naming = ready["naming"]
        self._address(self._client)

    def _address(self, app: Celery) -> None:
        """Have *app* name the worker's queues as it does, leave their declaration to it, and read its answers."""
        app.conf.accept_content = sorted({"json", self.serializer})
        app.conf.broker_transport_options = {**self.naming, **self.broker.transport_options}
        for name in self.queues:
            app.amqp.queues.add(Queue(name, no_declare=True))

    @property
    def _ready(self) -> list[Event]:
        return list(self.truth.of_kind("ready"))

    @property
    def _hostname(self) -> str:
        """What remote control calls it."""
        return str(self._ready[-1]["hostname"])

    @property
    def queue(self) -> str:
        """The queue that the lab sends to: the worker's own, and its first where it has several."""
        return self.queues[0]

    def gone(self) -> str | None:
        """Say why nothing more will come of this worker; None while it works."""
        if not self.process.alive:
            code = self.process.exit_code
            return "the worker ended" + ("" if code is None else f" with exit code {code}")
        if self.process.flooded:
            return "the worker floods its log stream"
        if len(self.vain) >= TIMEOUTS_BORNE:
            return f"the worker did not answer {len(self.vain)} times; the first: {self.vain[0]}"
        return None

    @property
    def stuck(self) -> bool:
        """Whether it was waited for in vain: what holds its slot would hold up the tasks of the scenarios to come."""
        return bool(self.vain) and not self.process.flooded

    @property
    def barren(self) -> bool:
        """Whether it was waited for in vain, and no task ended on it until it was told to stop."""
        until = self.told_to_stop or time.time()
        return bool(self.vain) and not any(event["at"] < until for event in self.truth.of_kind("postrun"))

    def send(self, name: str, args: Iterable[Any] = (), kwargs: dict[str, Any] | None = None, **options: Any) -> str:
        """Send a task to the worker's own queue, and return its id."""
        task_id = options.pop("task_id", None) or str(uuid.uuid4())
        self._client.send_task(
            name, tuple(args), kwargs or {}, task_id=task_id, queue=self.queue, serializer=self.serializer, **options
        )
        return task_id

    def signature(self, name: str, task_id: str, **kwargs: Any) -> Signature:
        """Return the signature of a task on the worker's own queue, for canvases; it takes no result of another."""
        options = {"task_id": task_id, "queue": self.queue, "serializer": self.serializer}
        return self._composer.signature(name, kwargs=kwargs, options=options, immutable=True)

    @cached_property
    def _composer(self) -> Celery:
        """An app that can count a chord's results, and waits for none: it would go on doing so without the broker."""
        app = Celery(
            "logconform-lab-composer", broker=self.broker.url, backend=self.broker.result_url, set_as_current=False
        )
        app.conf.result_backend_transport_options = self._ready[-1]["result_naming"]
        self._address(app)
        for waiting in ("on_task_call", "add_pending_result", "remove_pending_result"):
            setattr(app.backend, waiting, lambda *given, **_: given[0])
        return app

    def waiting(self) -> int:
        """How many messages wait in the worker's queues; 0 where the broker doesn't tell."""
        with suppress(Exception), self._client.connection_for_read() as connection:  # each transport has its own errors
            channel = connection.default_channel
            return sum(channel.queue_declare(queue=name, passive=True).message_count for name in self.queues)
        return 0

    def send_raw(self, body: bytes, headers: dict[str, Any]) -> None:
        """Send a message as it is, whether or not a task can be read from it."""
        with self._client.connection_for_write() as connection:
            Producer(connection).publish(
                body,
                routing_key=self.queue,
                exchange="",
                content_type="application/json",
                content_encoding="utf-8",
                headers=headers,
            )

    def takes_commands(self) -> bool:
        """Whether it answers a remote control command."""
        try:
            return bool(self._client.control.ping([self._hostname], timeout=CONTROL_SECONDS))
        except ContentDisallowed:
            return True

    def revoke(self, task_id: str, **options: Any) -> bool:
        """Give the worker the command to revoke a task; return whether it answered."""
        try:
            return bool(
                self._client.control.revoke(
                    task_id, destination=[self._hostname], reply=True, timeout=CONTROL_SECONDS, **options
                )
            )
        except ContentDisallowed:
            return True  # in a way of its own

    def runs(self, task_id: str) -> bool:
        """Whether the worker says that it runs a task: its main process hears of that after the task's own."""
        answers = self._client.control.inspect([self._hostname], timeout=CONTROL_SECONDS).active() or {}
        return any(each["id"] == task_id for each in answers.get(self._hostname, ()))

    def wait(self, met: Callable[[], bool], what: str, seconds: float = TASK_SECONDS) -> None:
        """
        Wait until *met*, counting waits in vain.

        Raises:
            NotSeenError: When it took too long, or the worker is gone.
        """
        try:
            self.truth.wait_for(met, seconds, what)
        except NotSeenError as error:
            self.vain.append(str(error))
            raise

    def wait_ended(self, sent: Iterable[Sent], seconds: float = TASK_SECONDS) -> None:
        """Wait until nothing more will come of the tasks in *sent*."""
        for one in sent:
            self.wait(lambda one=one: self.truth.ended(one.task_id, self.pool), f"the end of {one.name}", seconds)  # type: ignore[misc]

    def stop(self, *, cold: bool = False) -> None:
        """Shut the worker down warmly (or cold: its running tasks are cancelled), and whatever it takes after that."""
        if self.ending is None:
            with suppress(NotSeenError):  # the log is judged as it is
                self.wait_ended(self.lingering, LINGER_SECONDS)
            self.told_to_stop = time.time() if self.process.alive else None
            wake = self._wake if self.broker.is_amqp else None
            self.ending = self.process.stop_cold() if cold else self.process.stop(wake=wake)
            self.parts = self.log_file.added() if self.log_file is not None else []
            self.truth.refresh()
            self._leave_broker()
            self._client.close()
            if "_composer" in vars(self):
                self._composer.close()

    @property
    def killed(self) -> bool:
        """Whether it did not stop when it was told to; what it had no time to write says nothing then."""
        return self.ending is not None and "SIGKILL" in self.ending.signals

    def _wake(self) -> None:
        """Give the worker something to read: on AMQP, Celery 5.6 may sleep on a signal for ten seconds."""
        with suppress(Exception):  # it may have left the broker already
            self._client.control.broadcast("ping", destination=[self._hostname])

    def _leave_broker(self) -> None:
        """Delete the queue that was this worker's own."""
        if not self._own_queue:
            return
        with suppress(Exception), self._client.connection_for_write() as connection:  # it may be gone
            connection.default_channel.queue_delete(self._own_queue)

    def read(self) -> tuple[list[Reading], list[Reading]]:
        """Return the lines of standard output and of standard error, to the last byte kept."""
        return _read(self.stdout, "stdout"), _read(self.stderr, "stderr")

    def _options(self) -> list[str]:
        return worker_command(
            self.subject.app,
            pool=self.pool,
            concurrency=self.setup.slots,
            broker=self.broker,
            includes=INCLUDES,
            loglevel=self.setup.level,
            extra=self._further_options(),
        )

    def _command(self, whole: list[str]) -> list[str]:
        """Return what is run. A command of the service's own has the broker's address in its environment."""
        if not self.subject.command:
            return whole
        return own_command(self.subject.command, whole[whole.index("worker") + 1 :], self.broker)

    def _further_options(self) -> list[str]:
        queues = ["--queues", self._own_queue] if self._own_queue else []
        limit = self.setup.tasks_per_child
        return [*queues, *(["--max-tasks-per-child", str(limit)] if limit else [])]


def _read(path: Path, name: str) -> list[Reading]:
    with path.open("rb") as stream:
        return list(read_stream(stream, name))


def _end_with_a_line(path: Path) -> None:
    """Drop the line that a killed process left half: it could not help it, and the next one's would join it."""
    text = path.read_bytes()
    if not text.endswith(b"\n"):
        os.truncate(path, text.rfind(b"\n") + 1)
