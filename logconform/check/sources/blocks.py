"""Blocks of whole lines: what one process judges at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from logconform.check.sources.cutter import Cutter, Piece
from logconform.check.sources.detect import FIRST_BYTES, detect, first_lines
from logconform.check.sources.plain import AGAIN, Span, pread, spans
from logconform.check.sources.source import STDIN, Source
from logconform.check.sources.streams import Progress, packing_of
from logconform.check.sources.unreadable import Unreadable, why_local
from logconform.check.sources.unwrap import Lines, unwrap
from logconform.records import KEPT_BYTES

Failed = Callable[[Unreadable], None]
Stopped = Callable[[], bool]

_OF_THE_SYSTEM = ("/dev/", "/proc/")  # there a path can mean another file in each process


@dataclass(frozen=True, slots=True)
class Block:
    """
    Whole lines of one source. Pickles small: a plain local file's block holds no bytes, the worker reads them.

    *source* is the number of the source in the order of the sample, *path* as
    shown in places; *offset* and *size* are bytes of the unpacked stream.
    *data* is None for a plain local file, whose *inode* must not change.
    *oversize* above 0: the block is one line of that many bytes, longer than
    `HARD_LIMIT`, of which *data* has the first `KEPT_BYTES`; *ended* says
    whether it has a newline.
    """

    source: int
    path: str
    offset: int
    size: int
    data: bytes | None
    envelope: str | None
    oversize: int = 0
    ended: bool = True
    inode: int = 0

    def lines(self) -> Lines:
        """
        Return the records.

        Raises:
            Unreadable: If the file is not any more what it was.
        """
        if self.oversize:
            return Lines(self.data or b"", None, 1)
        return unwrap(self.envelope, self._read() if self.data is None else self.data, self.offset)

    def _read(self) -> bytes:
        try:
            with Path(self.path).open("rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_ino != self.inode:
                    raise Unreadable(f"{self.path}: is another file by now; {AGAIN}")
                if self.offset and pread(file.fileno(), self.path, 1, self.offset - 1) != b"\n":
                    raise Unreadable(f"{self.path}: no line begins at byte {self.offset:,} any more; {AGAIN}")
                return pread(file.fileno(), self.path, self.size, self.offset)
        except OSError as error:
            raise Unreadable(why_local(self.path, error)) from None


def blocks(
    sources: Sequence[Source],
    size: int,
    *,
    progress: Progress | None = None,
    failed: Failed | None = None,
    stopped: Stopped = lambda: False,
) -> Iterator[Block]:
    """
    Cut *sources* into blocks of about *size* bytes, at newlines only.

    A source that fails midway first yields what could be read; *failed* is
    then told why, and the next source follows. An interrupt (Ctrl-C) while a
    source is waited for, or *stopped*, ends the sample with what was read.

    Raises:
        Unreadable: If a source can't be read, and there is no *failed*.
    """
    for number, source in enumerate(sources):
        try:
            ended = yield from _of_source(number, source, size, progress, stopped)
        except Unreadable as error:
            if failed is None:
                raise
            failed(error)
            ended = not stopped()
        if not ended:
            return


_Blocks = Generator[Block, None, bool]
"""Blocks of one source, and whether it was read to its end rather than stopped."""


def _of_source(number: int, source: Source, size: int, progress: Progress | None, stopped: Stopped) -> _Blocks:
    try:
        file = _plain(source)
    except KeyboardInterrupt:
        return False
    if file is None:
        return (yield from _streamed(number, source, size, progress, stopped))
    with file:
        return (yield from _planned(number, source, file, size, progress=progress, stopped=stopped))


def _plain(source: Source) -> FileIO | None:
    """Open a file of which any part can be read, by any process; None for every other source."""
    if source.url is not None or source.path == STDIN or source.path.startswith(_OF_THE_SYSTEM):
        return None
    try:
        if not stat.S_ISREG(Path(source.path).stat().st_mode):
            return None
        file = FileIO(source.path)
        head = file.read(FIRST_BYTES)
    except (OSError, ValueError) as error:
        raise Unreadable(why_local(source.path, error)) from None
    if packing_of(head, source.path) or detect(first_lines(head)):
        file.close()
        return None
    return file


def _planned(
    number: int, source: Source, file: FileIO, size: int, *, progress: Progress | None, stopped: Stopped
) -> _Blocks:
    path, told = source.path, os.fstat(file.fileno())
    cuts = spans(file.fileno(), path, told.st_size, size)
    while True:
        try:
            span = next(cuts, None)
            block = _block_of_span(span, number, path, file, told.st_ino) if span else None
        except KeyboardInterrupt:
            return False
        except OSError as error:
            raise Unreadable(why_local(path, error)) from None
        if block is None:
            return True
        if progress:
            progress(block.size)
        yield block
        if stopped():
            return False


def _block_of_span(span: Span, number: int, path: str, file: FileIO, inode: int) -> Block:
    begin, size = span.begin, span.end - span.begin
    if not span.oversize:
        return Block(number, path, begin, size, None, None, inode=inode)
    data = pread(file.fileno(), path, KEPT_BYTES, begin)
    ended = pread(file.fileno(), path, 1, span.end - 1) == b"\n"
    return Block(number, path, begin, size, data, None, oversize=size, ended=ended, inode=inode)


def _streamed(number: int, source: Source, size: int, progress: Progress | None, stopped: Stopped) -> _Blocks:
    try:
        stream = source.open(progress)
    except KeyboardInterrupt:
        return False
    with stream:
        cutter, fault, ended = Cutter(stream, size), None, True
        while True:
            piece = None
            try:
                piece = cutter.next()
            except KeyboardInterrupt:
                ended = False
            except Unreadable as error:
                fault = error
            if piece is None:
                break
            yield _block_of_piece(piece, number, source, cutter)
            if stopped():
                ended = False
                break
        while piece := cutter.rest():
            yield _block_of_piece(piece, number, source, cutter)
    if fault is not None:
        raise Unreadable(f"{fault} (read so far: {_count(cutter.lines, 'line')}, {_count(cutter.offset, 'byte')})")
    return ended


def _block_of_piece(piece: Piece, number: int, source: Source, cutter: Cutter) -> Block:
    source.found.envelope = cutter.envelope
    oversize = piece.size if piece.oversize else 0
    return Block(
        number, source.path, piece.offset, piece.size, piece.data, cutter.envelope, oversize=oversize, ended=piece.ended
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
