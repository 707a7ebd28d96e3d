"""
A log file that any number of processes append to and rotate together.

What makes it quick: a line goes out in one `write` on a descriptor that
appends, which the kernel never mixes with another's; that needs no lock. A
lock is taken only where it matters which file is the right one: near the size
at which the file is rotated, for long lines, and after something went wrong.

What makes it lossless: a process that still writes to a file which another has
just rotated appends to the rotated file. The lock ends with its holder, and
old files are shifted only up to the first gap, so a rotation that was killed
half-way is completed by the next one.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from time import time

from reference_worker.logging.descriptors import Turns, exclusive
from reference_worker.logging.encoding import LONGEST_RECORD, Json

SHORT = 1_024
"""Bytes of a line that may be written without the lock."""

MARGIN = 256 * SHORT
"""
Bytes below the limit within which every line is written under the lock.

So many short lines may be on their way when the file comes this close; they all still fit.
"""

SPARE = 64 * SHORT
"""
Bytes below the limit at which a file is rotated already, where it takes lines without the lock.

A process may be halted between its look at the file and its line; that line still fits, however late it comes.
"""

QUIET_SECONDS = 60.0
"""
How long nothing may have failed before the next failure is told again.

A full disk takes a short line now and then; that does not make it healed.
"""

ATTEMPTS = 1_000
"""How often a line follows its path to another file before that counts as a failure."""

# In memory that the processes share: one byte, and eight bytes further on the time of the last failure.
_TROUBLE = 0
_LAST_FAILURE = struct.Struct("d")


class RotatingFile:
    """
    Appends lines to *path*, and moves it aside where a line would make it bigger than *biggest* bytes.

    With *biggest* 0 it is never rotated. The first failure is told to
    *complain*, once for all processes forked from this one; every later line
    tries again.
    """

    def __init__(self, path: Path, biggest: int, backups: int, complain: Callable[[Path, OSError], None]) -> None:
        self._path = path.absolute()
        self._biggest = biggest
        self._near = sys.maxsize if not biggest else biggest - MARGIN
        self._full = biggest - SPARE if self._near > 0 else biggest
        self._backups = backups
        self._complain = complain
        self._shared = mmap.mmap(-1, 16)  # with the children
        self._descriptor = -1
        self._identity = (0, 0)
        self._turns = Turns(self._write_one)
        try:
            self._open()
        except OSError as fault:
            self._failed(fault)

    def write(self, _record: dict[str, Json], line: bytes, /) -> None:
        """Append the line, to a fresh file where it would not fit."""
        if len(line) > SHORT or self._shared[_TROUBLE] or not self._is_far_from_the_limit():
            self._turns.take(line)
            return
        try:
            written = os.write(self._descriptor, line)
        except OSError as fault:
            self._failed(fault)
            return
        if written < len(line):
            self._shared[_TROUBLE] = 1
            self._turns.take(line)  # the piece is taken away first

    def _is_far_from_the_limit(self) -> bool:
        try:
            there = os.stat(self._path)  # noqa: PTH116 - half the time of Path.stat, for every line
        except OSError:
            return False
        return there.st_size < self._near and (there.st_ino, there.st_dev) == self._identity

    def _write_one(self, line: bytes) -> None:
        try:
            for _ in range(ATTEMPTS):
                if self._appended(line):
                    return
                self._open()
        except OSError as fault:
            self._failed(fault)
        else:
            self._failed(OSError(errno.EBUSY, "the path leads to another file each time"))

    def _appended(self, line: bytes) -> bool:
        """Append unless the open file is not, or no longer is, the one to append to."""
        if self._descriptor < 0:
            return False
        with exclusive(self._descriptor):
            here = os.fstat(self._descriptor)
            if not self._is_at_path(here):
                return False
            size = self._without_a_piece(here.st_size) if self._shared[_TROUBLE] else here.st_size
            if self._biggest and size and size + len(line) > self._full:
                self._rotate()
                return False
            self._append(line)
            return True

    def _append(self, line: bytes) -> None:
        """Write the line whole, or leave nothing of it behind. Whoever dies in the middle leaves a sign."""
        self._shared[_TROUBLE] = 1
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:  # a full disk
            if len(rest) < len(line):
                self._without_a_piece(os.fstat(self._descriptor).st_size)
            raise
        self._shared[_TROUBLE] = 0

    def _without_a_piece(self, size: int) -> int:
        """Take away the piece of a line that the file ends with, if it does; return the size that is left."""
        start = max(size - LONGEST_RECORD - 1, 0)
        try:
            tail = os.pread(self._descriptor, size - start, start)
        except OSError:  # it may be written only
            return size
        whole = start + tail.rfind(b"\n") + 1
        if whole < size and (start == 0 or whole > start):
            os.ftruncate(self._descriptor, whole)
            return whole
        return size

    def _is_at_path(self, here: os.stat_result) -> bool:
        try:
            return os.path.samestat(here, self._path.stat())
        except FileNotFoundError:
            return False

    def _open(self) -> None:
        """Open what is at the path now. The descriptor keeps its number: another thread may be about to use it."""
        try:
            descriptor = self._opened(os.O_RDWR)
        except PermissionError:
            descriptor = self._opened(os.O_WRONLY)
        if self._descriptor < 0:
            self._descriptor = descriptor
        else:
            os.dup2(descriptor, self._descriptor, inheritable=False)
            os.close(descriptor)
        here = os.fstat(self._descriptor)
        self._identity = (here.st_ino, here.st_dev)

    def _opened(self, access: int) -> int:
        flags = access | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, 0o644)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, flags, 0o644)

    def _rotate(self) -> None:
        """Move every file one place on; the oldest goes. The log's own move is last: it lets the others in."""
        if not self._backups:
            self._path.unlink()
            return
        gap = next((number for number in range(1, self._backups) if not self._backup(number).exists()), self._backups)
        for number in range(gap - 1, 0, -1):
            self._backup(number).replace(self._backup(number + 1))
        self._path.replace(self._backup(1))

    def _backup(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _failed(self, fault: OSError) -> None:
        now, (last,) = time(), _LAST_FAILURE.unpack_from(self._shared, 8)
        _LAST_FAILURE.pack_into(self._shared, 8, now)
        self._shared[_TROUBLE] = 1
        if abs(now - last) > QUIET_SECONDS:
            self._complain(self._path, fault)
