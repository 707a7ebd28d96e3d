"""Whole lines onto a descriptor that other threads and processes write to as well."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ATTEMPTS, PAUSE_SECONDS = 10_000, 0.001
"""How often, and after which pause, a lock is asked for again that the kernel refused."""


class Turns:
    """Lets one line be written at a time, in the order of the calls.

    A signal handler may log while its own thread is in the middle of a line:
    its line then waits until that one is whole.
    """

    def __init__(self, write_one: Callable[[bytes], None]) -> None:
        self._write_one = write_one
        self.reset()
        os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        """Start afresh: another thread of the parent may hold the lock that a child inherits."""
        self._lock = threading.RLock()
        self._writer: int | None = None
        self._waiting: deque[bytes] = deque()

    def take(self, line: bytes) -> None:
        """Write *line*, or leave it to the writing in progress below on this thread's stack."""
        self._waiting.append(line)
        while self._waiting and self._writer != threading.get_ident():
            with self._lock:
                self._drain()

    def _drain(self) -> None:
        self._writer = threading.get_ident()
        try:
            while self._waiting:
                self._write_one(self._waiting.popleft())
        finally:
            self._writer = None


@contextmanager
def exclusive(descriptor: int) -> Iterator[None]:
    """Hold the turn among processes. Where *descriptor* cannot be locked, go on without.

    A POSIX lock belongs to a process and to the file or pipe behind the
    descriptor: it serves forked children, and ends with its holder.
    """
    if not _locked(descriptor):
        yield
        return
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)


def _locked(descriptor: int) -> bool:
    """Lock *descriptor*, and say whether that was possible.

    The kernel sees a deadlock where two threads of one process use two locks,
    one each. There is none: whoever holds one lets go of it without another.
    """
    for _ in range(ATTEMPTS):
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
        except OSError as fault:
            if fault.errno != errno.EDEADLK:
                return False
            time.sleep(PAUSE_SECONDS)
        else:
            return True
    return False


def write_all(descriptor: int, data: bytes) -> None:
    """Write *data* to the last byte.

    Raises:
        OSError: If the descriptor takes no more.
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # somebody made the shared pipe non-blocking
            _wait_until_writable(descriptor)


def _wait_until_writable(descriptor: int) -> None:
    import select

    select.select([], [descriptor], [], 1.0)
