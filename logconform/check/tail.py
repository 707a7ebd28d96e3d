"""
Streams that grow: a file through rotation, truncation and deletion, and standard input.

Nothing here waits: `read` returns what has come since, and the caller comes back.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Protocol

from logconform.check.line_feed import LineFeed
from logconform.check.sources.unreadable import Unreadable, why_local
from logconform.records import Reading

CONTEXT_BYTES = 1_000_000
"""So much of what is in a file when it is first seen tells which tasks are running."""
BLOCK = 1 << 20
"""Bytes read at a time."""
QUIET_SECONDS = 1.0
"""A file that was moved away is read until it has been quiet for so long: not every process has opened the new one."""
PATIENCE_SECONDS = 10.0
"""It is read no longer than that, where there is a new one."""

_PRINT = 64  # bytes before the place of reading that tell whether the file is still the same
_PACKED = {".gz", ".bz2", ".xz", ".zst"}


class Growing(Protocol):
    """A stream that grows. `busy`: there may be more to read at once; `notices`: what happened to it."""

    path: str
    busy: bool
    ended: bool
    notices: list[str]

    def begin(self) -> list[Reading]:
        """Open it; return its last lines, which are there already and are not news."""

    def read(self, now: float) -> list[Reading]:
        """Return the lines that have come; *now* in seconds of a monotonic clock."""

    def close(self) -> list[Reading]:
        """Let go of it; return what came of a line that was never finished."""


class Tail:
    """
    Follows a file by its name, whatever becomes of the file.

    Renamed and made anew: the old one is read to its end, and any between the
    two (`worker.log.1`), then the new one. Truncated: read from its beginning.
    Deleted, or not there yet: waited for. Lines count from the beginning of
    the file, offsets from where the following began.
    """

    def __init__(self, path: str, source: int = 0) -> None:
        self.path = path
        self.busy = False
        self.ended = False
        self.notices: list[str] = []
        self._feed = LineFeed(path, source)
        self._stream: FileIO | None = None
        self._offset = 0
        self._print = b""
        self._quiet_since = 0.0
        self._moved_at: float | None = None
        self._told = ""

    def begin(self) -> list[Reading]:
        """
        Open the file, if it is there, and return its last lines.

        Raises:
            Unreadable: If it can't be followed.
        """
        self._refuse()
        try:
            self._stream = FileIO(self.path)
        except FileNotFoundError:
            self._tell("is not there yet; waiting for it")
            return []
        except OSError as error:
            raise Unreadable(why_local(self.path, error)) from None
        return self._context(self._stream)

    def read(self, now: float) -> list[Reading]:
        """Return the lines that have come; look what became of the file where none have."""
        self.busy = False
        if self._stream is None:
            self._open(self.path)
        if self._stream is None:
            return []
        try:
            return self._more(self._stream, now)
        except OSError as error:
            self._tell(f"can't be read ({error.strerror}); waiting for it")
            return []

    def close(self) -> list[Reading]:
        """Let go of the file; return what came of a line that was never finished."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        return list(self._feed.end())

    # What is there

    def _refuse(self) -> None:
        path = Path(self.path)
        if not path.parent.is_dir():
            raise Unreadable(f"{self.path}: there is no folder {path.parent}; create it, or check the path")
        if path.is_dir():
            raise Unreadable(f"{self.path}: is a folder; name the files to follow")
        if path.suffix in _PACKED:
            raise Unreadable(f"{self.path}: is packed, and does not grow; judge it without --follow")
        if path.exists() and not path.is_file():
            raise Unreadable(f"{self.path}: is no file; pipe it: logconform check --follow - < {self.path}")

    def _context(self, stream: FileIO) -> list[Reading]:
        """Read the end of the file, and count the lines before: places are those of the whole file."""
        size = os.fstat(stream.fileno()).st_size
        begin = max(0, size - CONTEXT_BYTES)
        lines, last = 0, b"\n"
        while (left := begin - stream.tell()) > 0 and (block := stream.read(min(BLOCK, left))):
            lines, last = lines + block.count(b"\n"), block[-1:]
        self._feed.jump(lines + 1, begin, inside=last != b"\n")
        self._offset = begin
        readings: list[Reading] = []
        while (left := size - self._offset) > 0 and (data := stream.read(min(BLOCK, left))):
            readings += self._took(data)
        return readings

    # What comes

    def _more(self, stream: FileIO, now: float) -> list[Reading]:
        if self._was_truncated(stream):
            self._tell("was truncated; reading it from its beginning")
            stream.seek(0)
            self.busy = True
            return self._restarted()
        is_followed = self._see_whether_it_moved(stream, now)
        if is_followed and self._moved_at is not None and now - self._moved_at > PATIENCE_SECONDS:
            return self._switch()
        data = stream.read(BLOCK)
        if data:
            self.busy = len(data) == BLOCK
            self._quiet_since = now
            return list(self._took(data))
        if self._moved_at is None:
            return []
        if not is_followed:
            self._tell("is gone; waiting for a new one")
            return []
        return self._switch() if now - max(self._moved_at, self._quiet_since) >= QUIET_SECONDS else []

    def _see_whether_it_moved(self, stream: FileIO, now: float) -> bool:
        """Take note of when the file was moved away or deleted; whether there is another of its name."""
        there = _identity(self.path)
        if there == _identity_of(stream):
            self._moved_at = None
        elif self._moved_at is None:
            self._moved_at = now
        return there is not None

    def _switch(self) -> list[Reading]:
        """Leave a file that was moved away for the one that came after it."""
        left = self._stream
        following = self.path if left is None else self._successor(left)
        if left is not None:
            left.close()
            self._stream = None
        readings = self._restarted()
        self._tell("was replaced; reading the new one")
        self._open(following)
        self.busy = True
        return readings

    def _successor(self, left: FileIO) -> str:
        """Return the path of the file that came next: where several rotations went by, it has a number by now."""
        path, mine = Path(self.path), _identity_of(left)
        numbered = {
            int(each.name[len(path.name) + 1 :]): str(each)
            for each in path.parent.iterdir()
            if each.name.startswith(f"{path.name}.") and each.name[len(path.name) + 1 :].isdecimal()
        }
        number = next((number for number, each in numbered.items() if _identity(each) == mine), 0)
        return numbered.get(number - 1, self.path)

    def _open(self, path: str) -> None:
        try:
            if stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  # as cheap as can be: asked ten times a second
                self._stream = FileIO(path)
                self._moved_at, self._told = None, ""
                return
            self._tell("is no file any more; waiting for one")
        except FileNotFoundError:
            return
        except OSError as error:
            self._tell(f"can't be opened ({error.strerror}); trying again")

    def _took(self, data: bytes) -> Iterator[Reading]:
        self._offset += len(data)
        self._print = (self._print + data)[-_PRINT:]
        return self._feed.take(data)

    def _restarted(self) -> list[Reading]:
        self._offset, self._print = 0, b""
        return list(self._feed.restart())

    def _was_truncated(self, stream: FileIO) -> bool:
        """Whether the file is shorter than what was read of it, or was, and has grown again since."""
        if os.fstat(stream.fileno()).st_size < self._offset:
            return True
        return os.pread(stream.fileno(), len(self._print), self._offset - len(self._print)) != self._print

    def _tell(self, what: str) -> None:
        """Take note of what happened, once for as long as nothing else does."""
        if what != self._told:
            self._told = what
            self.notices.append(f"{self.path}: {what}")


class StandardInput:
    """Follows standard input, up to its end."""

    path = "standard input"

    def __init__(self, source: int = 0) -> None:
        self.busy = False
        self.ended = False
        self.notices: list[str] = []
        self._feed = LineFeed(self.path, source)
        self._descriptor = -1

    def begin(self) -> list[Reading]:
        """
        Find out where it comes from.

        Raises:
            Unreadable: If it is closed.
        """
        try:
            self._descriptor = sys.stdin.fileno()
        except (AttributeError, OSError, ValueError):
            raise Unreadable(f"{self.path}: is closed; pipe the log into it") from None
        return []

    def read(self, now: float) -> list[Reading]:
        """
        Return the lines that have come.

        Raises:
            Unreadable: If it can't be read.
        """
        del now
        self.busy = False
        if self.ended or not select.select([self._descriptor], [], [], 0)[0]:
            return []
        try:
            data = os.read(self._descriptor, BLOCK)
        except OSError as error:
            raise Unreadable(why_local(self.path, error)) from None
        self.ended, self.busy = not data, bool(data)
        return list(self._feed.take(data))

    def close(self) -> list[Reading]:
        """Return what came of a line that was never finished."""
        return list(self._feed.end())


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # as cheap as can be: asked ten times a second
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _identity_of(stream: FileIO) -> tuple[int, int]:
    found = os.fstat(stream.fileno())
    return found.st_dev, found.st_ino
