"""Cuts a stream that can only be read from its beginning to its end, at whole lines and whole records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from logconform.check.sources.detect import FIRST_BYTES, FIRST_LINES, detect, first_lines
from logconform.check.sources.envelopes import ENVELOPES, may_split
from logconform.records import HARD_LIMIT, KEPT_BYTES

_READ = 1 << 20


class Stream(Protocol):
    """What can be cut."""

    def read1(self, size: int = -1, /) -> bytes:
        """Read what is there by now, at most *size* bytes; none at the end."""


class Piece(NamedTuple):
    """
    *size* bytes of whole lines, from byte *offset* on; maybe one without a newline at the very end.

    *oversize*: they are one line that is too long, and *data* has its
    beginning; *ended* says whether it has a newline.
    """

    offset: int
    size: int
    data: bytes
    oversize: bool = False
    ended: bool = True


@dataclass(slots=True)
class _Long:
    """A line that is too long to be held: its beginning, and its size so far."""

    start: bytes
    size: int
    ended: bool = False


class Cutter:
    """
    Cuts *stream* into pieces of about *size* bytes, at most half of `HARD_LIMIT`.

    An exception of the stream passes through `next`; `rest` then gives what
    was read before. *envelope* is known with the first piece. *offset* and
    *lines* count what was given out.
    """

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self._size = max(1, min(size, HARD_LIMIT // 2))
        self._limit = self._size + 2 * HARD_LIMIT
        self._buffer = bytearray()
        self._searched = 0  # so many bytes of the buffer hold no newline
        self._try_at = self._size  # a buffer of fewer bytes is not cut
        self._long: _Long | None = None
        self._decided = False
        self.envelope: str | None = None
        self.offset = 0
        self.lines = 0

    def next(self) -> Piece | None:
        """Return the next piece, None at the end of the stream: `rest` then has what is left."""
        while True:
            piece = self._cut()
            if piece is not None:
                return piece
            data = self._stream.read1(_READ)
            if data:
                self._take_in(data)
            elif self._decided:
                return None
            else:
                self._decide()

    def rest(self) -> Piece | None:
        """Return what was read and not given out; None when there is no more."""
        self._decide()
        if self._long is not None:
            return self._give_long(self._long)
        return self._give(len(self._buffer)) if self._buffer else None

    def _take_in(self, data: bytes) -> None:
        if self._long is None:
            self._buffer += data
            return
        end = data.find(b"\n") + 1
        self._long.size += end or len(data)
        if end:
            self._long.ended = True
            self._buffer += data[end:]

    def _cut(self) -> Piece | None:
        if self._long is not None:
            return self._give_long(self._long) if self._long.ended else None
        if len(self._buffer) < self._try_at or not self._may_decide():
            return None
        self._decide()
        first = self._buffer.find(b"\n", self._searched) + 1
        if (first or len(self._buffer)) > HARD_LIMIT:
            self._long = _Long(bytes(self._buffer[:KEPT_BYTES]), first or len(self._buffer), first > 0)
            del self._buffer[: self._long.size]
            return self._give_long(self._long) if first else None
        if not first:
            self._searched = len(self._buffer)
            return None
        end = self._clean(max(first, self._buffer.rfind(b"\n", 0, self._size) + 1))
        if not end:
            self._try_at = len(self._buffer) + len(self._buffer) // 2
            return None
        return self._give(end)

    def _clean(self, aim: int) -> int:
        """Return the end of the first line, from *aim* on, after which no entry is open; 0 if there is none yet."""
        if self.envelope is None or not may_split(self.envelope, self._buffer[:aim]):
            return aim
        parse, position = ENVELOPES[self.envelope], 0
        opened: set[str] = set()
        for line in bytes(self._buffer).split(b"\n")[:-1]:
            position += len(line) + 1
            entry = parse(line + b"\n")
            if entry is not None and entry.text is not None:
                (opened.discard if entry.whole else opened.add)(entry.stream)
            if position >= aim and not opened:
                return position
        return position if len(self._buffer) > self._limit else 0

    def _may_decide(self) -> bool:
        return self._decided or len(self._buffer) >= FIRST_BYTES or self._buffer.count(b"\n") >= FIRST_LINES

    def _decide(self) -> None:
        if not self._decided:
            self.envelope = detect(first_lines(bytes(self._buffer[:FIRST_BYTES])))
            self._decided = True

    def _give_long(self, line: _Long) -> Piece:
        piece = Piece(self.offset, line.size, line.start, oversize=True, ended=line.ended)
        self._long = None
        self._given(line.size, 1)
        return piece

    def _give(self, size: int) -> Piece:
        data = bytes(memoryview(self._buffer)[:size])
        piece = Piece(self.offset, size, data)
        del self._buffer[:size]
        self._given(size, data.count(b"\n") + (not data.endswith(b"\n")))
        return piece

    def _given(self, size: int, lines: int) -> None:
        self.offset += size
        self.lines += lines
        self._searched, self._try_at = 0, self._size
