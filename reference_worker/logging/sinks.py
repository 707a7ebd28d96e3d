"""Where records go: the console, as JSON or for people, and a log file that rotates."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from structlog.dev import ConsoleRenderer

from reference_worker.logging.descriptors import Turns, exclusive, write_all
from reference_worker.logging.encoding import Json


class Console:
    """The log stream proper: one JSON object a line on a descriptor of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._turns = Turns(self._write_one)

    def write(self, _record: dict[str, Json], line: bytes, /) -> None:
        """Write the line whole. A reader that has gone away costs the record, not the task."""
        self._turns.take(line)

    def _write_one(self, line: bytes) -> None:
        with suppress(OSError), exclusive(self._descriptor):
            write_all(self._descriptor, line)


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


class RotatingFile:
    """A log file that any number of processes append to and rotate together.

    The lock is on the log file itself. Who gets it looks whether the path
    still leads to that file: if not, another process has rotated it.
    `biggest` is in bytes, 0 for no rotation. The first failure is told to
    *complain*, once for all processes; later records try again.
    """

    def __init__(self, path: Path, biggest: int, backups: int, complain: Callable[[Path, OSError], None]) -> None:
        self._path = path.absolute()
        self._biggest = biggest
        self._backups = backups
        self._complain = complain
        self._complained = mmap.mmap(-1, 1)  # shared with the children
        self._descriptor: int | None = None
        self._turns = Turns(self._write_one)
        try:
            self._open()
        except OSError as fault:
            self._failed(fault)

    def write(self, _record: dict[str, Json], line: bytes, /) -> None:
        """Append the line, to a fresh file where it would not fit."""
        self._turns.take(line)

    def _write_one(self, line: bytes) -> None:
        try:
            while not self._appended(line):
                self._open()
        except OSError as fault:
            self._failed(fault)

    def _appended(self, line: bytes) -> bool:
        """Append unless the open file is not, or no longer is, the one to append to."""
        if self._descriptor is None:
            return False
        with exclusive(self._descriptor):
            here = os.fstat(self._descriptor)
            if not self._is_at_path(here):
                return False
            if self._biggest and here.st_size and here.st_size + len(line) > self._biggest:
                self._rotate()
                return False
            self._append(line, here.st_size)
            return True

    def _append(self, line: bytes, size: int) -> None:
        assert self._descriptor is not None
        try:
            write_all(self._descriptor, line)
        except OSError:  # a full disk: leave no half record behind
            with suppress(OSError):
                os.ftruncate(self._descriptor, size)
            raise

    def _is_at_path(self, here: os.stat_result) -> bool:
        try:
            return os.path.samestat(here, self._path.stat())
        except FileNotFoundError:
            return False

    def _open(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def _rotate(self) -> None:
        """Move every file one place on; the oldest goes. The log's own move is last: it lets the others in."""
        if not self._backups:
            self._path.unlink()
            return
        for number in range(self._backups - 1, 0, -1):
            older = self._backup(number)
            if older.exists():
                older.replace(self._backup(number + 1))
        self._path.replace(self._backup(1))

    def _backup(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _failed(self, fault: OSError) -> None:
        if self._complained[0]:
            return
        self._complained[0] = 1
        self._complain(self._path, fault)
