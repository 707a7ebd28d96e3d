"""
The places where pytest lets the outputs of a process go, looked at without taking anything away.

pytest points descriptors 1 and 2 at files (`--capture=fd`), or `sys.stdout`
and `sys.stderr` at memory (`--capture=sys`, `capsys`). Both can be read while
they are written. A terminal or a pipe can't (`-s`): what goes there is led
through a file meanwhile, and passed on afterwards.
"""

from __future__ import annotations

import fcntl
import io
import os
import stat
import sys
import tempfile
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any, ClassVar, Protocol

Identity = tuple[int, int]
"""Device and inode: what a descriptor leads to."""
STREAMS = {1: "stdout", 2: "stderr"}
"""Descriptor → the name of its stream in `sys`."""


class Output(Protocol):
    """A place that holds what was written. `key` tells two places apart."""

    key: object

    def read(self, begin: int) -> bytes:
        """Return what it holds from byte *begin* on."""

    def size(self) -> int:
        """Return how many bytes it holds."""

    def close(self) -> None:
        """Look no more."""


class FileOutput:
    """A file, by a descriptor of its own: it can be read on when pytest has closed its."""

    held: ClassVar[set[int]] = set()
    """The descriptors that this class holds: none of them is an output of anybody."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)
        self.held.add(self._descriptor)
        self.key: object = identity(self._descriptor)

    def read(self, begin: int) -> bytes:
        """Return what it holds from byte *begin* on; nobody's position in the file changes."""
        pieces = []
        while piece := os.pread(self._descriptor, 1 << 20, begin):
            pieces.append(piece)
            begin += len(piece)
        return b"".join(pieces)

    def size(self) -> int:
        """Return the file's size in bytes."""
        return os.fstat(self._descriptor).st_size

    def close(self) -> None:
        """Close the descriptor."""
        self.held.discard(self._descriptor)
        os.close(self._descriptor)


class MemoryOutput:
    """The memory behind a text stream; empty once that is closed."""

    def __init__(self, memory: io.BytesIO) -> None:
        self._memory = memory
        self.key: object = id(memory)

    def read(self, begin: int) -> bytes:
        """Return what it holds from byte *begin* on."""
        return b"" if self._memory.closed else self._memory.getvalue()[begin:]

    def size(self) -> int:
        """Return how many bytes it holds."""
        return 0 if self._memory.closed else self._memory.getbuffer().nbytes

    def close(self) -> None:
        """Do nothing: the memory is pytest's."""


def output_behind(stream: Any) -> FileOutput | MemoryOutput | None:
    """Return where what is written to a text stream can be looked at; None for a terminal, a pipe, or no stream."""
    if not isinstance(stream, io.TextIOWrapper):
        return None  # a logging stack's own: it writes on
    memory = stream.buffer
    if isinstance(memory, io.BytesIO):
        # One with a `write` of its own passes the text on: it is looked at where it arrives.
        return None if type(stream).write is not io.TextIOWrapper.write else MemoryOutput(memory)
    try:
        return FileOutput(stream.fileno()) if _can_be_read(stream.fileno()) else None
    except (OSError, ValueError):  # it is closed
        return None


def are_files(streams: Iterable[Any]) -> bool:
    """Whether all of *streams* are files that can be read: pytest captures the descriptors, then."""
    outputs = [output for stream in streams if (output := output_behind(stream)) is not None]
    for each in outputs:
        each.close()
    return len(outputs) == len(STREAMS) and all(isinstance(each, FileOutput) for each in outputs)


def flush() -> None:
    """Let the streams write what they still hold."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with suppress(Exception):  # whoever replaced one may have forgotten `flush`, or closed it
            if stream is not None:
                stream.flush()


class Detour:
    """
    Leads what goes to a terminal or a pipe through a file: by the descriptor of an output, and by its copies.

    Copies are what a logging stack, or `capfd`, holds from before; one that is
    made meanwhile leads to the file, and is given back with the others.
    """

    def __init__(self, descriptor: int, place: Identity) -> None:
        self.name = STREAMS[descriptor]
        self._descriptor = descriptor
        self._place = place
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # as long as the session
        fcntl.fcntl(self._file, fcntl.F_SETFL, fcntl.fcntl(self._file, fcntl.F_GETFL) | os.O_APPEND)  # it is emptied
        self._real: int | None = None

    @property
    def output(self) -> FileOutput:
        """Where it can be looked at."""
        return FileOutput(self._file.fileno())

    def begin(self) -> None:
        """Lead the output through the file."""
        found = _leading_to(self._place, {0, *STREAMS} - {self._descriptor})
        if found and self._real is None:
            self._real = os.dup(found[0])
            _point(found, self._file.fileno())

    def end(self) -> None:
        """Give the descriptors back, and pass on what has come; the file is empty then."""
        mine = identity(self._file.fileno())
        if self._real is None or mine is None:
            return
        _point(_leading_to(mine, {self._file.fileno(), *FileOutput.held}), self._real)
        self._pass_on(self._real)
        os.close(self._real)
        self._real = None

    def _pass_on(self, real: int) -> None:
        self._file.seek(0)
        rest = memoryview(self._file.read())
        os.ftruncate(self._file.fileno(), 0)
        with suppress(OSError):  # nobody reads any more
            while rest:
                rest = rest[os.write(real, rest) :]


def identity(descriptor: int) -> Identity | None:
    """Return what a descriptor leads to; None where it is closed."""
    try:
        told = os.fstat(descriptor)
    except OSError:
        return None
    return told.st_dev, told.st_ino


def _leading_to(place: Identity, others: Collection[int]) -> list[int]:
    """Return the descriptors of this process that write to *place*, but for *others*."""
    numbers = {int(name) for name in os.listdir("/dev/fd")} - set(others)  # noqa: PTH208  # descriptors, not paths
    return [each for each in sorted(numbers) if identity(each) == place and _is_written(each)]


def _point(descriptors: Iterable[int], where: int) -> None:
    for each in descriptors:
        os.dup2(where, each, inheritable=os.get_inheritable(each))


def _can_be_read(descriptor: int) -> bool:
    mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    return stat.S_ISREG(os.fstat(descriptor).st_mode) and mode == os.O_RDWR


def _is_written(descriptor: int) -> bool:
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
