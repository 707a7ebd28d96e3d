"""The worker's standard output, taken over: records go out whole, and nothing else goes out."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import select
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn


class Stream:
    """A private copy of descriptor 1, shared by all processes of a worker.

    Raises:
        OSError: If there is no standard output.
    """

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        # A record lock belongs to a process, so that children which inherit the descriptor exclude one another.
        self._lock = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker

    def write(self, line: str) -> None:
        """Write *line* and its newline; a reader that is gone, or a full disk, harms nobody.

        A pipe takes more than 4,096 bytes in pieces: hence the lock.
        """
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        try:
            take(self._lock)
            try:
                self._write_all(data)
            finally:
                fcntl.lockf(self._lock, fcntl.LOCK_UN)
        except OSError:
            return

    def _write_all(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # whoever shares the pipe made it non-blocking
                select.select([], [self._descriptor], [], 1.0)


def take(lock: IO[Any]) -> None:
    """Take the lock, also where the kernel sees a deadlock between threads, each with another lock of one process.

    A record lock, since a forked child would inherit flock's.

    Raises:
        OSError: If it can't be locked.
    """
    while True:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX)
        except OSError as refused:
            if refused.errno != errno.EDEADLK:
                raise
            time.sleep(0.001)
        else:
            return


@contextmanager
def signals_held() -> Iterator[None]:
    """Let signals wait: Celery's soft time limit is an exception that would come in the middle of a record."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class RecordingWriter:
    """A text stream whose lines become records."""

    encoding = "utf-8"
    errors = "backslashreplace"
    closed = False

    def __init__(self, logger: str, level: int) -> None:
        self._logger = logging.getLogger(logger)
        self._level = level
        self._local = threading.local()

    def write(self, text: str) -> int:
        """Take *text*; every line that it ends becomes a record."""
        *lines, rest = (getattr(self._local, "rest", "") + str(text)).split("\n")
        self._local.rest = rest
        for line in lines:
            self._say(line)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Take several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Make a record of what has been written of a line."""
        rest, self._local.rest = getattr(self._local, "rest", ""), ""
        self._say(rest)

    def _say(self, text: str) -> None:
        if not text.strip() or getattr(self._local, "busy", False):
            return  # busy: logging itself failed, and told so here
        self._local.busy = True
        try:
            self._logger.log(self._level, "Text printed", extra={"text": text})
        finally:
            self._local.busy = False

    def fileno(self) -> None:
        """Return None, which Celery takes for a stream without a descriptor that it could write to."""

    def isatty(self) -> bool:
        """Return False."""
        return False

    def readable(self) -> bool:
        """Return False."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True

    def detach(self) -> NoReturn:
        """Refuse."""
        raise ValueError("this stream has no buffer")


def take_over() -> Stream:
    """Take standard output for records; what others print there, or on standard error, becomes records too."""
    sys.stdout.flush()
    stream = Stream()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    printed: Any = RecordingWriter("python.stdout", logging.INFO)
    sys.stdout = sys.__stdout__ = printed  # type: ignore[misc]  # Celery prints to both
    complaints: Any = RecordingWriter("python.stderr", logging.WARNING)
    sys.stderr = complaints
    threading.excepthook = _report_thread
    return stream


def _report_thread(failed: threading.ExceptHookArgs) -> None:
    logging.getLogger("python.threading").error("Thread failed", exc_info=failed.exc_value)
