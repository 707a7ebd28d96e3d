"""Standard output holds records and nothing else, whatever writes to it.

What Python code writes to `sys.stdout` and `sys.stderr` becomes records, line
by line, with the context of the task that wrote. Descriptor 1 itself, which
subprocesses and C libraries write to, is pointed at a memory file; its lines
become records when the execution ends (`collect_output`). No thread is
involved, so that forking and greenlets change nothing. Descriptor 2 is left
alone: a crash of the interpreter has to stay visible.
"""

from __future__ import annotations

import atexit
import contextvars
import fcntl
import io
import os
import sys
import tempfile
import threading
from contextlib import suppress
from typing import Any

from reference_worker.logging.pipeline import pipeline

_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # of Linux' fallocate
LONGEST_LINE = 65_536
"""Characters of a line without an end that are kept waiting for it."""
LARGEST_PART = 1_048_576
"""Bytes that went past Python, and were read, until their memory is given back; and of a line that has no end yet."""


class Lines(io.TextIOBase):
    """A text stream whose lines become records of the logger *name*."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, name: str, level: str, event: str, descriptor: int) -> None:
        super().__init__()
        self.name = name
        self._level = level
        self._event = event
        self._descriptor = descriptor
        self.buffer = _Bytes(self)
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def write(self, text: str) -> int:
        """Write a record for each line that is complete."""
        text = text if isinstance(text, str) else str(text)
        if getattr(self._parts, "busy", False):
            return len(text)  # writing the record printed something itself
        waiting = getattr(self._parts, "text", "") + text
        *whole, self._parts.text = waiting.split("\n")
        if len(self._parts.text) > LONGEST_LINE:
            whole, self._parts.text = [*whole, self._parts.text], ""
        self._parts.busy = True
        try:
            for line in whole:
                self.record(line)
        finally:
            self._parts.busy = False
        return len(text)

    def finish(self) -> None:
        """Write the record of a last line that has no end."""
        rest, self._parts.text = getattr(self._parts, "text", ""), ""
        self.record(rest)

    def record(self, line: str) -> None:
        """Write the record of one line, unless it is blank."""
        if line.strip():
            pipeline.write(self._level, self.name, self._event, {"message": line.rstrip("\r")}, trusted_event=True)

    def _begin(self) -> None:
        self._parts = threading.local()  # a greenlet's own as well, once gevent has patched it

    def fileno(self) -> int:
        """Return the descriptor that this stream stands for: a subprocess may be given it."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether somebody watches: no."""
        return False

    def writable(self) -> bool:
        """Whether writing works: yes."""
        return True

    def flush(self) -> None:
        """Do nothing: a line is written when it is whole."""


class _Bytes(io.RawIOBase):
    """What `sys.stdout.buffer` is to code that writes bytes."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._lines.write(raw.decode("utf-8", "backslashreplace"))
        return len(raw)


class RawOutput:
    """What reaches descriptor 1 without passing through Python's streams."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._read = self._freed = 0
        self._redirect()
        os.register_at_fork(after_in_child=self._redirect)

    def collect(self, *, whole: bool = False) -> None:
        """Write the records of what has come since the last time; with *whole*, what has no end yet is left there."""
        with self._turn:  # several executions may end at once: each line is told once
            text = self._new(whole).decode("utf-8", "backslashreplace")
        for line in text.split("\n"):
            self._lines.record(line)

    def _new(self, whole: bool) -> bytes:
        """Return what was not read before. The file is never emptied: what others write meanwhile would be lost."""
        descriptor = self._file.fileno()
        size = os.fstat(descriptor).st_size
        if size == self._read:
            return b""
        new = os.pread(descriptor, size - self._read, self._read)
        if whole and len(new) <= LARGEST_PART:
            new = new[: new.rfind(b"\n") + 1]
        self._read += len(new)
        if self._read - self._freed > LARGEST_PART:
            _give_back_memory(descriptor, self._freed, self._read)
            self._freed = self._read
        return new

    def give_back(self, descriptor: int) -> None:
        """Point descriptor 1 at the log stream again, for whatever replaces this process."""
        os.dup2(descriptor, 1)

    def _redirect(self) -> None:
        """Give this process a file of its own: a forked one would share its parent's."""
        self._file: Any = _memory_file()
        self._read = self._freed = 0
        self._turn = threading.RLock()
        os.dup2(self._file.fileno(), 1)


_stdout: Lines | None = None
_stderr: Lines | None = None
_raw: RawOutput | None = None
_log_descriptor: int | None = None
_inherited: int | None = None


def log_stream() -> int | None:
    """Return the descriptor that records go to; None before standard output was claimed."""
    return _log_descriptor


def inherit_log_stream(descriptor: int) -> None:
    """Take *descriptor* for the log stream: descriptor 1 of a spawned process is not it."""
    global _inherited  # noqa: PLW0603 - told once, before anything else happens in the process
    os.set_inheritable(descriptor, False)
    _inherited = descriptor


def claim_standard_output() -> int:
    """Take standard output for the log alone and return the descriptor that records go to.

    Claiming it again returns the same descriptor.
    """
    global _stdout, _stderr, _raw, _log_descriptor  # noqa: PLW0603 - a process has one standard output
    if _log_descriptor is not None:
        return _log_descriptor
    sys.stdout.flush()
    _log_descriptor = os.dup(1) if _inherited is None else _inherited
    _stdout = Lines("stdout", "info", "Line on standard output", 1)
    _stderr = Lines("stderr", "warning", "Line on standard error", 2)
    _raw = RawOutput(_stdout)
    sys.stdout = sys.__stdout__ = _stdout  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = _stderr  # type: ignore[misc, assignment]
    atexit.register(collect_output)
    return _log_descriptor


def collect_output(*, shared: bool = False) -> None:
    """Write what has been printed, but not ended with a newline, or went past Python.

    *shared* says that several executions ran in this process at once: what
    went past Python then belongs to none of them for sure, and gets no context.
    """
    for lines in (_stdout, _stderr):
        if lines is not None:
            lines.finish()
    if _raw is None:
        return
    if shared:
        contextvars.Context().run(_raw.collect, whole=True)  # another may be in the middle of a line
    else:
        _raw.collect()


def release_standard_output() -> None:
    """Record what is left and give descriptor 1 back: Celery may replace this process (SIGHUP)."""
    collect_output()
    if _raw is not None and _log_descriptor is not None:
        _raw.give_back(_log_descriptor)


def _memory_file() -> Any:
    """Return an anonymous file whose writers always append."""
    if not hasattr(os, "memfd_create"):
        return tempfile.TemporaryFile(mode="a+b", buffering=0)
    descriptor = os.memfd_create("standard-output", os.MFD_CLOEXEC)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    return os.fdopen(descriptor, "r+b", buffering=0)


def _give_back_memory(descriptor: int, begin: int, end: int) -> None:
    """Let go of what a file holds between two offsets, and leave its size alone; where that can't be, it stays."""
    import ctypes  # only where much is printed

    with suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        fallocate = getattr(libc, "fallocate64", None) or libc.fallocate
        fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(begin), ctypes.c_int64(end - begin))
