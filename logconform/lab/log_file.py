"""The log file that a service writes beside its standard output: what one worker added to it, and one that can't be."""

from __future__ import annotations

import gzip
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, cast

from logconform.records import Reading, read_stream

HEAD_BYTES = 512
"""Bytes by which a file is known again, whatever its name is now: no two logs begin at the same microsecond."""
PIECE_BYTES = 65_536
OURS = "logconform"
"""The name of what tells the lab's folder from any other."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a log: the log itself, or one that was rotated away; with what a worker added."""

    path: Path
    readings: list[Reading]
    size: int
    """Bytes of the whole file; of its content, where it is packed."""
    rotated: bool

    @property
    def number(self) -> int | None:
        """The number that a rotation by size gives it; None for the log itself, and for names that hold a date."""
        found = re.search(r"\.(\d{1,4})(?=\.|$)", self.path.name) if self.rotated else None
        return int(found[1]) if found else None


class LogFile:
    """A log's files as they were before a worker started, to tell what it added."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = [_size_and_head(file) for file in self._files()]

    def added(self) -> list[Part]:
        """Return what has been added since, file by file, the oldest first."""
        aged = []
        for file in self._files():
            size, head = _size_and_head(file)
            start = self._start(size, head)
            if size > start or file == self.path:
                part = Part(file, _readings(file, start), size, file != self.path)
                aged.append((part.rotated, file.stat().st_mtime_ns, -(part.number or 0), part))
        aged.sort(key=lambda each: (not each[0], *each[1:3]))  # the log itself comes last
        return [each[-1] for each in aged]

    def _start(self, size: int, head: bytes) -> int:
        """Return where the worker's share of a file begins: 0 in a new one, and in one that was emptied."""
        known = [before for before, begun in self._before if begun and before <= size and head.startswith(begun)]
        return max(known, default=0)

    def _files(self) -> Iterator[Path]:
        """Yield the log and its old files: its name comes first in theirs, or their names differ before the suffix."""
        if not self.path.parent.is_dir():
            return
        for file in self.path.parent.iterdir():
            named = file.name.startswith(self.path.name)
            stem = bool(self.path.suffix) and file.name.startswith(f"{self.path.stem}.")
            if file.is_file() and (named or (stem and file.name.endswith(self.path.suffix))) and not _is_lock(file):
                yield file


@contextmanager
def unopenable(path: Path) -> Iterator[None]:
    """
    Let a folder stand at *path*, so that nobody can open a file there; afterwards, let everything be as it was.

    Raises:
        OSError: If the folder can't be made there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.rename(path.with_name(f"{path.name}.{OURS}-{uuid.uuid4().hex[:8]}"))
    try:
        path.mkdir()
        (path / OURS).touch()  # not empty: nobody takes it away by accident
        yield
    finally:
        put_back(path)


def put_back(path: Path) -> None:
    """Undo what `unopenable` did to *path*, also what a run did that was killed meanwhile. Else, do nothing."""
    if (path / OURS).is_file():
        shutil.rmtree(path)
    if path.parent.is_dir() and not path.exists():
        aside = [file for file in path.parent.iterdir() if file.name.startswith(f"{path.name}.{OURS}-")]
        for file in aside[:1]:
            file.rename(path)


def _size_and_head(file: Path) -> tuple[int, bytes]:
    """Return the length of a file's content, and its beginning; a packed one is judged by what is in it."""
    with suppress(OSError, EOFError), _opened(file) as stream:
        head = stream.read(HEAD_BYTES)
        return stream.seek(0, SEEK_END) if file.suffix != ".gz" else _skip(stream) + len(head), head
    return 0, b""  # taken away, or still being packed


def _readings(file: Path, start: int) -> list[Reading]:
    with suppress(OSError, EOFError), _opened(file) as stream:
        stream.seek(start)
        return list(read_stream(stream, file.name))
    return []


def _opened(file: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(file)) if file.suffix == ".gz" else file.open("rb")


def _skip(stream: BinaryIO) -> int:
    """Read to the end, as nothing else tells where it is in a packed file; return the bytes."""
    return sum(map(len, iter(lambda: stream.read(PIECE_BYTES), b"")))


def _is_lock(file: Path) -> bool:
    return file.suffix == ".lock" or file.name.startswith(".") or f".{OURS}-" in file.name
