"""A worker that writes each line to a log file as well: `logs/worker.log` in its folder, in one way or another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

from tests.implementations._lifecycle import Lifecycle
from tests.implementations._stdlib_worker import StdlibWorker
from tests.implementations._stream import Stream, take

LOG_FILE = Path("logs/worker.log")


class File(Protocol):
    """Where lines go beside the console."""

    def write(self, line: str) -> None:
        """Write one line, given without its newline."""


class AppendedFile:
    """One write a line, on a descriptor that appends; it never rotates. A file that can't be opened is told of once."""

    def __init__(self) -> None:
        self.fault: OSError | None = None
        try:
            LOG_FILE.parent.mkdir(exist_ok=True)
            self._descriptor = os.open(LOG_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as fault:
            self.fault = fault

    def write(self, line: str) -> None:
        """Append the line."""
        if self.fault is None:
            os.write(self._descriptor, line.encode("utf-8", "backslashreplace") + b"\n")


class RotatedFile(AppendedFile):
    """Locks, looks whether the path still leads to its file, and moves a full one aside."""

    biggest, backups = 2_000_000, 50

    def write(self, line: str) -> None:
        """Append the line to the file that is the log now."""
        if self.fault is not None:
            return
        with LOG_FILE.with_name("worker.lock").open("w") as lock:
            take(lock)
            if os.fstat(self._descriptor).st_ino != LOG_FILE.stat().st_ino:
                self._reopen()
            if os.fstat(self._descriptor).st_size + len(line) > self.biggest:
                self.shift()
                self._reopen()
            super().write(line)

    def shift(self) -> None:
        """Give every file the next number."""
        for number in range(self.backups - 1, 0, -1):
            if (older := LOG_FILE.with_name(f"worker.log.{number}")).exists():
                older.replace(LOG_FILE.with_name(f"worker.log.{number + 1}"))
        LOG_FILE.replace(LOG_FILE.with_name("worker.log.1"))

    def _reopen(self) -> None:
        os.close(self._descriptor)
        self._descriptor = os.open(LOG_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


class Tee:
    """Standard output, and the file beside it."""

    def __init__(self, stream: Stream, file: File) -> None:
        self.stream, self.file = stream, file

    def write(self, line: str) -> None:
        """Write one line to both."""
        self.stream.write(line)
        self.file.write(line)


class FileWorker(StdlibWorker):
    """Standard logging, onto the console and into a file."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.lines_file: Any = None

    def open_file(self) -> File:
        """Return where the lines go as well."""
        return RotatedFile()

    def configure(self, level: int) -> None:
        """Open the file, and say so once where that fails."""
        super().configure(level)
        if self.stream is not None and self.lines_file is None:
            self.lines_file = self.open_file()
            self.stream = Tee(self.stream, self.lines_file)  # type: ignore[assignment]
            if (fault := getattr(self.lines_file, "fault", None)) is not None:
                self.adapter.get_logger(__name__).error("Log file unusable", path=str(LOG_FILE), error=str(fault))


__all__ = ["LOG_FILE", "AppendedFile", "File", "FileWorker", "Lifecycle", "RotatedFile", "Tee"]
