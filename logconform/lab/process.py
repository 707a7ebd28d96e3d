"""A process of the lab: started, captured, and ended together with everything that it started.

Three nets, because a subject may do anything. `WorkerProcess.stop` ends a process and its descendants; at a normal exit
of the lab, an exit hook kills what still runs; and when the lab itself is killed, a small *guard* process notices that
its standard input has closed, and kills what the lab had told it. Linux's parent-death signal would do for the last one
only in part: it fires when the *thread* that started the child ends, and it says nothing about descendants.

A descendant is known by its session, which is the worker's own, or by a word in its environment, which survives
`setsid` and the death of its parent. (A process that sets its own title, as Redis does, wipes its visible environment:
its session is still there.) One with a session of its own and no such word is seen only while its ancestors live.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

from logconform.lab.capture import LIMIT_BYTES, Capture
from logconform.lab.process_environment import worker_environment

MARKER = "LOGCONFORM_RUN"
"""The environment variable by which the descendants of a worker are known: words, separated by colons."""

COLD_SECONDS = 3.0
"""Patience after SIGQUIT, and after SIGKILL."""

COLD_PATIENCE = 10.0
"""How long a worker may take to end after SIGQUIT alone."""

GRACE_SECONDS = 1.0
"""How long descendants may take to follow their parent before they are killed."""

LOOK_SECONDS = 0.2
"""How often a stopping worker's descendants are looked at: one may leave the family while it stops."""


@dataclass(frozen=True)
class Ending:
    """How a process ended: what it took, and what was left of it."""

    exit_code: int | None
    """Negative for a signal; None if even SIGKILL did not end it in time."""
    signals: tuple[str, ...]
    """What it was sent, in order; empty if it had ended by itself."""
    leftovers: tuple[str, ...]
    """Descendants that did not follow it and were killed, as `<pid> <command>`."""
    seconds: float
    streams_complete: bool
    """Whether both streams were read to their end."""


class WorkerProcess:
    """A running process in a session of its own, whose two streams are captured in files.

    Raises:
        OSError: If *command* can't be run.
    """

    def __init__(
        self,
        command: list[str],
        env: Mapping[str, str],
        cwd: Path,
        stdout_path: Path,
        stderr_path: Path,
        *,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self.command = command
        self._marker = uuid.uuid4().hex
        self._family: set[psutil.Process] = set()
        self._leader: psutil.Process | None = None
        self._ending: Ending | None = None
        self._popen = subprocess.Popen(
            command,
            env=_marked(env, self._marker),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        _running[self._marker] = self
        _guard.watch(self._marker, self.pid)
        self.stdout = Capture(_taken_fd(self._popen.stdout), stdout_path, limit_bytes=limit_bytes)
        self.stderr = Capture(_taken_fd(self._popen.stderr), stderr_path, limit_bytes=limit_bytes)

    @property
    def pid(self) -> int:
        """The process id, which is also its session's."""
        return self._popen.pid

    def lead(self, pid: int) -> None:
        """
        Take *pid*, where a wrapper started it, for the process that is meant: it gets the signals, its end is the end.

        A shell script need not pass SIGTERM on, and a supervisor need not end with what it supervises.
        """
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if pid != self.pid and _belongs(process, self._marker, self.pid):
                self._leader = process

    @property
    def alive(self) -> bool:
        """Whether the process runs; its descendants don't count, nor does a wrapper that outlives it."""
        return self._popen.poll() is None if self._leader is None else _lives(self._leader)

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._popen.poll()

    @property
    def flooded(self) -> bool:
        """Whether a stream has brought far more than is kept; such a worker may be stopped early."""
        return self.stdout.flooded or self.stderr.flooded

    def wait_exit(self, timeout: float) -> bool:
        """Wait at most *timeout* seconds for the process to end by itself; return whether it did."""
        if self._leader is not None:
            _wait_gone([self._leader], timeout)
        else:
            self._wait_own(timeout)
        return not self.alive

    def _wait_own(self, timeout: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout)

    def descendants(self) -> list[psutil.Process]:
        """Return every living process that this one started, directly or not."""
        self._look()
        found = self._family | set(find_family(self._marker, self.pid))
        return [process for process in found if process.pid != self.pid and _lives(process)]

    def stop(self, warm_timeout: float = 10.0, wake: Callable[[], None] | None = None) -> Ending:
        """End it as an orchestrator would: SIGTERM, then SIGQUIT after *warm_timeout* seconds, then SIGKILL.

        *wake* is called again and again meanwhile: it lets the process notice the signal.
        Returns within *warm_timeout* and about 15 seconds, with all descendants gone and both streams read.
        """
        steps = [(signal.SIGTERM, warm_timeout), (signal.SIGQUIT, COLD_SECONDS), (signal.SIGKILL, COLD_SECONDS)]
        return self._end(steps, GRACE_SECONDS, wake)

    def stop_cold(self) -> Ending:
        """End it with SIGQUIT, on which a worker cancels its tasks, and with SIGKILL where that does not help."""
        return self._end([(signal.SIGQUIT, COLD_PATIENCE), (signal.SIGKILL, COLD_SECONDS)], GRACE_SECONDS)

    def kill(self) -> Ending:
        """End it and all descendants at once, with SIGKILL."""
        return self._end([(signal.SIGKILL, COLD_SECONDS)], 0.0)

    def _end(
        self, steps: Sequence[tuple[signal.Signals, float]], grace: float, wake: Callable[[], None] | None = None
    ) -> Ending:
        if self._ending is not None:
            return self._ending
        started = monotonic()
        sent = []
        for number, patience in steps:
            self._look()
            if not self.alive:
                break
            self._send(number)
            sent.append(number.name)
            self._wait_looking(patience, wake)
        self._end_wrapper(grace)
        leftovers = self._end_descendants(grace)
        complete = [stream.close(timeout=COLD_SECONDS) for stream in (self.stdout, self.stderr)]
        self._ending = Ending(self.exit_code, tuple(sent), leftovers, monotonic() - started, all(complete))
        _running.pop(self._marker, None)
        _guard.forget(self._marker)
        return self._ending

    def _send(self, number: signal.Signals) -> None:
        if self._leader is None:
            self._popen.send_signal(number)
            return
        with suppress(psutil.Error):  # it compares start times first: never a stranger with the same number
            self._leader.send_signal(number)

    def _end_wrapper(self, grace: float) -> None:
        """End what still runs around a process that has ended; most wrappers follow by themselves."""
        if self._leader is None:
            return
        self._wait_own(grace)
        for number in (signal.SIGTERM, signal.SIGKILL) if grace else (signal.SIGKILL,):
            if self._popen.poll() is None:
                self._popen.send_signal(number)
                self._wait_own(grace or COLD_SECONDS)

    def _wait_looking(self, patience: float, wake: Callable[[], None] | None) -> None:
        deadline = monotonic() + patience
        while monotonic() < deadline and not self.wait_exit(min(LOOK_SECONDS, patience)):
            self._look()
            if wake is not None:
                wake()

    def _look(self) -> None:
        """Remember the present descendants: later their parents may be gone."""
        with suppress(psutil.Error):
            self._family.update(psutil.Process(self.pid).children(recursive=True))

    def _end_descendants(self, grace: float) -> tuple[str, ...]:
        _wait_gone(self.descendants(), grace)
        killed: dict[psutil.Process, str] = {}
        deadline = monotonic() + COLD_SECONDS
        while (left := self.descendants()) and monotonic() < deadline:
            killed.update({process: _described(process) for process in left})
            _kill_and_wait(left)
        return tuple(killed.values())


def find_family(marker: str, session: int) -> list[psutil.Process]:
    """Return the processes that carry *marker* in their environment, or belong to *session*."""
    return [process for process in psutil.process_iter() if _belongs(process, marker, session)]


def _belongs(process: psutil.Process, marker: str, session: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        if os.getsid(process.pid) == session:
            return True
    with suppress(psutil.Error, OSError):
        return marker in process.environ().get(MARKER, "").split(":")
    return False


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _described(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return f"{process.pid} {' '.join(process.cmdline())}"
    return str(process.pid)


def _kill_and_wait(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()  # psutil compares start times first: never a stranger with the same number
    _wait_gone(processes, 0.5)


def _wait_gone(processes: list[psutil.Process], timeout: float) -> None:
    # Not psutil.wait_procs, which waits for zombies too: who reaps a stranger's child, and when, is not ours to say.
    deadline = monotonic() + timeout
    while any(map(_lives, processes)) and monotonic() < deadline:
        sleep(0.01)


def _marked(env: Mapping[str, str], marker: str) -> dict[str, str]:
    # A lab that runs inside another one's worker keeps the outer word: the outer lab can still find all.
    outer = env.get(MARKER)
    return {**env, MARKER: f"{outer}:{marker}" if outer else marker}


def _taken_fd(stream: object) -> int:
    """Return a descriptor of the pipe that is the caller's to close."""
    with stream as pipe:  # type: ignore[attr-defined]  # Popen's streams are Optional; PIPE was asked for
        return os.dup(pipe.fileno())


class _Guard:
    """The lab's end of the guard process, which starts with the first process to watch."""

    def __init__(self) -> None:
        self._popen: subprocess.Popen[str] | None = None

    def watch(self, marker: str, session: int) -> None:
        """Have the family of *marker* and *session* killed if this process dies."""
        if self._popen is None:
            self._popen = self._start()
        self._say(f"watch {marker} {session}")

    def forget(self, marker: str) -> None:
        """Take back `watch`: the family is gone, and its session's number may come to mean another one."""
        self._say(f"forget {marker}")

    def close(self) -> None:
        """Let the guard end."""
        if self._popen is not None and self._popen.stdin is not None:
            with suppress(OSError):
                self._popen.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(COLD_SECONDS)

    @staticmethod
    def _start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "logconform.lab.process"],
            env=worker_environment(Path("/")),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # the terminal's Ctrl-C is for the lab alone
            text=True,
        )

    def _say(self, line: str) -> None:
        if self._popen is not None and self._popen.stdin is not None:
            with suppress(OSError):  # a guard that was killed: the other two nets are still there
                self._popen.stdin.write(line + "\n")
                self._popen.stdin.flush()


def guard(lines: Iterable[str]) -> None:
    """Read `watch MARKER SESSION` and `forget MARKER` to the end of *lines*, then kill every family still watched."""
    watched: dict[str, int] = {}
    for line in lines:
        match line.split():
            case ["watch", marker, session]:
                watched[marker] = int(session)
            case ["forget", marker]:
                watched.pop(marker, None)
    deadline = monotonic() + COLD_SECONDS
    while monotonic() < deadline:
        left = [p for marker, session in watched.items() for p in find_family(marker, session) if _lives(p)]
        if not left:
            return
        _kill_and_wait(left)


_guard = _Guard()
_running: dict[str, WorkerProcess] = {}


@atexit.register
def _end_all() -> None:
    for process in list(_running.values()):
        process.kill()
    _guard.close()


if __name__ == "__main__":
    guard(sys.stdin)
