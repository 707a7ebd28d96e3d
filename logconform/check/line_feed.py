"""From the bytes of a growing stream to readings: only whole lines, unwrapped where a shipper wrapped them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from logconform.check.sources.detect import FIRST_LINES, detect
from logconform.check.sources.unwrap import Unwrapper
from logconform.records import HARD_LIMIT, KEPT_BYTES, Place, Reading, read_line, too_long

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


class LineFeed:
    """
    Cuts what comes of a stream into lines, and holds back the one that is not finished.

    Holds at most `HARD_LIMIT` bytes of a line; of a longer one the reading
    keeps the first `KEPT_BYTES`.

    >>> feed = LineFeed("worker.log")
    >>> [reading.place.line for reading in feed.take(b'{"event": "a"}\\n{"event": "b"}\\n{"eve')]
    [1, 2]
    >>> [reading.record.event for reading in feed.take(b'nt": "c"}\\n')]
    ['c']
    """

    def __init__(self, path: str, source: int = 0) -> None:
        self._path = path
        self._source = source
        self._line = 1
        self._offset = 0
        self._rest = bytearray()
        self._length = 0
        self._skips = False
        self._first: list[bytes] = []
        self._unwrapper: Unwrapper | None = None

    def jump(self, line: int, offset: int, *, inside: bool) -> None:
        """Go on at another place of the stream; *inside*: in the middle of a line, whose rest is passed over."""
        self._line, self._offset, self._skips = line, offset, inside

    def restart(self) -> Iterator[Reading]:
        """Yield what is unfinished, and count lines from 1 again; offsets count on, so that each place is one place."""
        yield from self.end()
        self._line = 1

    def take(self, data: bytes) -> Iterator[Reading]:
        """Yield the lines that *data* finishes."""
        begin = 0
        while (newline := data.find(b"\n", begin)) >= 0:
            yield from self._finished(data[begin : newline + 1])
            begin = newline + 1
        self._hold(data[begin:])

    def end(self) -> Iterator[Reading]:
        """Yield what came of a line that is not finished."""
        if self._length:
            yield from self._finished(b"")
        if self._unwrapper is not None:
            for text, _ in self._unwrapper.flush():
                yield read_line(text, self._place())

    def _hold(self, piece: bytes) -> None:
        self._rest += piece
        self._length += len(piece)
        if self._length > HARD_LIMIT:
            del self._rest[KEPT_BYTES:]

    def _finished(self, piece: bytes) -> Iterator[Reading]:
        self._hold(piece)
        raw, length = bytes(self._rest), self._length
        self._rest.clear()
        self._length = 0
        if self._skips:
            self._skips = False
        elif length > HARD_LIMIT:
            ended = piece.endswith(b"\n")
            yield Reading(self._place(), raw, None, tuple(too_long(length, ended=ended)))
        else:
            yield from self._unwrapped(raw)
        self._line, self._offset = self._line + 1, self._offset + length

    def _unwrapped(self, raw: bytes) -> Iterator[Reading]:
        if self._unwrapper is None and len(self._first) < FIRST_LINES:
            self._first.append(raw)
            envelope = detect(self._first)
            self._unwrapper = Unwrapper(envelope) if envelope else None
        if self._unwrapper is None:
            yield read_line(raw, self._place())
            return
        for text, stderr in self._unwrapper.feed(raw):
            for line in _LINE.findall(text):  # a newline within an entry begins another record
                reading = read_line(line, self._place())
                if reading.record is not None or not stderr:  # standard error is not the log stream
                    yield reading

    def _place(self) -> Place:
        return Place(self._path, self._line, self._offset, self._source)
