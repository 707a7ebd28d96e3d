"""Where a plain local file can be cut: only the bytes around the cuts are read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from logconform.check.sources.unreadable import Unreadable
from logconform.records import HARD_LIMIT

_WINDOW = 1 << 16
_WIDE = 1 << 20


class Span(NamedTuple):
    """Whole lines of a file: its bytes from *begin* up to *end*; or one line that is too long to be held."""

    begin: int
    end: int
    oversize: bool = False


def spans(file: int, path: str, total: int, size: int) -> Iterator[Span]:
    """
    Cut the first *total* bytes of the open *file* into spans of about *size*, at most half of `HARD_LIMIT`.

    Raises:
        Unreadable: If the file became shorter.
    """
    size = max(1, min(size, HARD_LIMIT // 2))
    begin = 0
    while begin < total:
        aim = begin + size - 1
        end = _line_end(file, path, aim, total)
        start = _line_start(file, path, begin, aim) if end - begin > HARD_LIMIT else begin
        if end - start <= HARD_LIMIT:
            yield Span(begin, end)
        else:
            if start > begin:
                yield Span(begin, start)
            yield Span(start, end, oversize=True)
        begin = end


def pread(file: int, path: str, size: int, offset: int) -> bytes:
    """
    Read exactly *size* bytes from *offset* on.

    Raises:
        Unreadable: If the file ends before.
    """
    data = os.pread(file, size, offset)
    while len(data) < size:
        more = os.pread(file, size - len(data), offset + len(data))
        if not more:
            raise Unreadable(f"{path}: ends at byte {offset + len(data):,}, but was longer when it was opened; {AGAIN}")
        data += more
    return data


AGAIN = "it was cut or replaced while it was read: check it again, or a copy of it"


def _line_end(file: int, path: str, aim: int, total: int) -> int:
    """Return the end of the line that holds the byte at *aim*."""
    window = _WINDOW
    while aim < total:
        data = pread(file, path, min(window, total - aim), aim)
        found = data.find(b"\n")
        if found >= 0:
            return aim + found + 1
        aim, window = aim + len(data), _WIDE
    return total


def _line_start(file: int, path: str, begin: int, aim: int) -> int:
    """Return the start of the line that holds the byte at *aim*, looking back as far as *begin*."""
    while aim > begin:
        size = min(_WIDE, aim - begin)
        found = pread(file, path, size, aim - size).rfind(b"\n")
        if found >= 0:
            return aim - size + found + 1
        aim -= size
    return begin
