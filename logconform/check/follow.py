"""`logconform check --follow`: from streams that grow to findings as they come, and to the verdicts at the end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from logconform.check.live import TASK_TIMEOUT, LiveJudge
from logconform.check.sources.source import STDIN
from logconform.check.tail import Growing, StandardInput, Tail
from logconform.findings import Finding, Verdict
from logconform.records import Reading

POLL_SECONDS = 0.1
"""How long nothing is asked where nothing came."""
LAST_WORDS_SECONDS = 2.0
"""Ctrl-C reaches both ends of a pipe: what the worker says as it stops is waited for, so long at most."""
SERVICES_KEPT = 100
"""Services that are judged apart; a stream with more of them names something else so."""

Tell = Callable[[Finding], None]
Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Followed:
    """What following gave: a verdict for each service, None for what names none, and how much was read."""

    verdicts: dict[str | None, Verdict]
    paths: list[str]
    records: int
    bytes: int


def follow(
    paths: Sequence[str],
    *,
    task_timeout: float = TASK_TIMEOUT,
    tell: Tell = lambda _: None,
    notify: Notify = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Followed:
    """
    Follow files (or `-`, standard input), and judge what is written to them from now on.

    *tell* gets each finding as it is made, *notify* what happens to a file.
    Ends with standard input, where that is all there is, on Ctrl-C or SIGTERM,
    and when *tell* raises `BrokenPipeError`; a second Ctrl-C ends it at once.

    Raises:
        Unreadable: If a path can't be followed.
        KeyboardInterrupt: On the second Ctrl-C.
    """
    known = {path if path == STDIN else str(Path(path).resolve()): path for path in reversed(paths)}
    streams = [
        StandardInput(number) if path == STDIN else Tail(path, number)
        for number, path in enumerate(reversed(known.values()))
    ]
    follower = Follower(streams, Judges(task_timeout), tell, notify, clock)
    with _stopping(follower):
        return follower.run()


class Judges:
    """A judge for each service; a record that names none goes where its task, or everything else, is."""

    def __init__(self, task_timeout: float = TASK_TIMEOUT) -> None:
        self._task_timeout = task_timeout
        self._judges: dict[str | None, LiveJudge] = {}
        self._now = 0.0

    @property
    def in_flight(self) -> int:
        """Number of tasks that are running, or have just ended."""
        return sum(judge.in_flight for judge in self._judges.values())

    def remember(self, reading: Reading) -> None:
        """Take note of a line from before."""
        self._judge_of(reading).remember(reading)

    def begin(self) -> None:
        """End what is only remembered."""
        for judge in self._judges.values():
            judge.begin()

    def see(self, reading: Reading) -> list[Finding]:
        """Judge one line; one that cannot be read may be any service's."""
        judge = self._judge_of(reading)
        if reading.record is None:
            for other in self._judges.values():
                if other is not judge:
                    other.note_torn(reading)
        return judge.see(reading)

    def tick(self, now: float) -> list[Finding]:
        """Judge what the time that has passed settles."""
        self._now = now
        return [finding for judge in self._judges.values() for finding in judge.tick(now)]

    def close(self) -> dict[str | None, Verdict]:
        """Return the verdicts; where there is one service, all is its."""
        verdicts = {service: judge.close() for service, judge in self._judges.items()}
        named = [service for service in verdicts if service is not None]
        if len(named) == 1 and None in verdicts:
            verdicts[named[0]] += verdicts.pop(None)
        return verdicts

    def _judge_of(self, reading: Reading) -> LiveJudge:
        record = reading.record
        service = record.text("service") or None if record is not None else None
        if service is None:
            service = self._service_of(record.task_id if record is not None else None)
        elif service not in self._judges and len(self._judges) >= SERVICES_KEPT:
            service = None
        if service not in self._judges:
            self._judges[service] = LiveJudge(self._task_timeout)
            self._judges[service].tick(self._now)
        return self._judges[service]

    def _service_of(self, task_id: str | None) -> str | None:
        named = [service for service in self._judges if service is not None]
        if len(named) == 1:
            return named[0]
        return next((each for each in named if task_id is not None and self._judges[each].knows(task_id)), None)


@dataclass
class Follower:
    """Reads streams in turn, judges what comes, and tells of it."""

    streams: Sequence[Growing]
    judges: Judges
    tell: Tell
    notify: Notify
    clock: Callable[[], float]
    records: int = 0
    bytes: int = 0
    stopped: bool = False

    def run(self) -> Followed:
        """Follow until the end, which `stop` brings about."""
        self.judges.tick(self.clock())
        for stream in self.streams:
            for reading in stream.begin():
                self.judges.remember(reading)
            self._pass_on(stream)
        self.judges.begin()
        self.notify(self._welcome())
        try:
            while not self.stopped and not all(stream.ended for stream in self.streams):
                self._turn(self.streams)
            self._hear_last_words()
            for stream in self.streams:
                self._judge(stream.close())
        except BrokenPipeError:
            self.stopped = True
        return Followed(self.judges.close(), [stream.path for stream in self.streams], self.records, self.bytes)

    def stop(self) -> None:
        """
        End the following, so that what came is judged.

        Raises:
            KeyboardInterrupt: When asked a second time.
        """
        again, self.stopped = self.stopped, True
        if again:
            raise KeyboardInterrupt

    def _turn(self, streams: Sequence[Growing]) -> None:
        now = self.clock()
        for stream in streams:
            self._judge(stream.read(now))
            self._pass_on(stream)
        self._tell_all(self.judges.tick(now))
        if not any(stream.busy for stream in streams):
            time.sleep(POLL_SECONDS)

    def _hear_last_words(self) -> None:
        files = [stream for stream in self.streams if isinstance(stream, Tail)]
        pipes = [stream for stream in self.streams if not isinstance(stream, Tail)]
        until = self.clock() + LAST_WORDS_SECONDS
        if self.stopped:
            for stream in files:
                self._judge(stream.read(self.clock()))
        while not all(pipe.ended for pipe in pipes) and self.clock() < until:
            self._turn(pipes)

    def _judge(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            self.records += 1
            self.bytes += len(reading.raw)
            self._tell_all(self.judges.see(reading))

    def _tell_all(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self.tell(finding)

    def _pass_on(self, stream: Growing) -> None:
        for notice in stream.notices:
            self.notify(notice)
        stream.notices.clear()

    def _welcome(self) -> str:
        names = ", ".join(stream.path for stream in self.streams)
        running = self.judges.in_flight
        known = f"; {running:,} running {'task' if running == 1 else 'tasks'} found" if running else ""
        return f"following {names}{known}; Ctrl-C ends it with a summary"


@contextmanager
def _stopping(follower: Follower) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the following; signals reach the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        follower.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
