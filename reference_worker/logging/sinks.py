"""The console, as JSON or for people. (The log file has a room of its own: `rotation`.)"""

from __future__ import annotations

import fcntl
import mmap
import select
import signal
from contextlib import suppress
from typing import Any

from structlog.dev import ConsoleRenderer

from reference_worker.logging.descriptors import Turns, exclusive, write_all
from reference_worker.logging.encoding import Json

PIPE_BYTES = 1_048_576
"""What a pipe is asked to hold: a record that fits is written at once, so that nobody is killed in the middle of it."""


class Console:
    """The log stream proper: one JSON object a line on a descriptor of its own.

    On a pipe, the kernel mixes lines above 4,096 bytes with those of other
    processes; hence one line at a time. Whoever is killed within one leaves a
    sign in shared memory, and the next line starts on a line of its own.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._open_line = mmap.mmap(-1, 1)
        self._turns = Turns(self._write_one)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):  # it is no pipe, or the limit is lower
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def write(self, _record: dict[str, Json], line: bytes, /) -> None:
        """Write the line whole. A reader that has gone away costs the record, not the task."""
        self._turns.take(line)

    def _write_one(self, line: bytes) -> None:
        with suppress(OSError), exclusive(self._descriptor):
            if self._open_line[0]:
                line = b"\n" + line
            if len(line) > select.PIPE_BUF or self._open_line[0]:
                self._write_long(line)
            else:
                write_all(self._descriptor, line)

    def _write_long(self, line: bytes) -> None:
        """Write in several pieces, if need be. A soft time limit, which is an exception from a signal, has to wait."""
        held = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._open_line[0] = 1
            write_all(self._descriptor, line)
            self._open_line[0] = 0
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)


class Terminal:
    """The log stream for somebody who watches."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._render = ConsoleRenderer(pad_event_to=30)
        self._turns = Turns(self._write_one)

    def write(self, record: dict[str, Json], _line: bytes, /) -> None:
        """Write the record in colour."""
        members: dict[str, Any] = {name: value for name, value in record.items() if name != "service"}
        self._turns.take(f"{self._render(None, record['level'], members)}\n".encode())

    def _write_one(self, line: bytes) -> None:
        with suppress(OSError):
            write_all(self._descriptor, line)
