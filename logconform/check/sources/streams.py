"""Binary streams that count what they read, unpack what is packed, and fail with a reason."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from logconform.check.sources.unreadable import Unreadable, why_packed

Progress = Callable[[int], None]
"""Called with the number of bytes just read from disk."""

BUFFER = 1 << 20
_HEAD = 6
"""The longest magic number, in bytes."""


@dataclass(frozen=True, slots=True)
class Packing:
    """A way to pack a stream: how it is called, how files are named, how it begins, what unpacks it."""

    name: str
    suffix: str
    magic: re.Pattern[bytes]
    unpack: Callable[[BinaryIO], Any]


def packing_of(head: bytes, path: str) -> Packing | None:
    """
    Return how a stream that begins with *head* is packed; its name only counts where its bytes tell nothing.

    >>> packing_of(b"BZh91AY&SY", "worker.log").name
    'bzip2'
    """
    for each in PACKINGS:
        if each.magic.match(head):
            return each
    return next((each for each in PACKINGS if path.endswith(each.suffix)), None)


def _gzip(stream: BinaryIO) -> Any:
    import gzip

    return gzip.GzipFile(fileobj=stream)


def _bzip2(stream: BinaryIO) -> Any:
    import bz2

    return bz2.BZ2File(stream)


def _xz(stream: BinaryIO) -> Any:
    import lzma

    return lzma.LZMAFile(stream)


def _zstd(stream: BinaryIO) -> Any:
    from backports.zstd import ZstdFile

    return ZstdFile(stream)


PACKINGS = (
    Packing("gzip", ".gz", re.compile(rb"\x1f\x8b\x08"), _gzip),
    Packing("bzip2", ".bz2", re.compile(rb"BZh[1-9](?:1A|\x17r)"), _bzip2),
    Packing("xz", ".xz", re.compile(rb"\xfd7zXZ\x00"), _xz),
    # the second is a frame to be skipped, which other packers put first
    Packing("zstd", ".zst", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _zstd),
)


class Guard(io.RawIOBase):
    """Passes a stream on, counts its bytes, and says in one line why it can't be read."""

    def __init__(
        self, stream: Any, explain: Callable[[Exception], str], progress: Progress | None = None, *, keep: bool = False
    ) -> None:
        self._stream = stream
        self._explain = explain
        self._progress = progress
        self._keep = keep

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there by now, at most as much as *buffer* holds."""
        try:
            count = _readinto(self._stream, buffer)
        except Unreadable:
            raise
        except Exception as error:
            raise Unreadable(self._explain(error)) from None
        if self._progress:
            self._progress(count)
        return count

    def close(self) -> None:
        """Close the stream below too, unless it is somebody else's."""
        if not self.closed and not self._keep:
            self._stream.close()
        super().close()


class Unpacked(io.RawIOBase):
    """A stream that, when it is first read, looks at its first bytes and unpacks itself."""

    def __init__(self, packed: io.RawIOBase, path: str, tell: Callable[[str | None], None]) -> None:
        self._packed = packed
        self._path = path
        self._tell = tell
        self._stream: io.RawIOBase | None = None

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there by now, at most as much as *buffer* holds."""
        if self._stream is None:
            self._stream = self._begin()
        return _readinto(self._stream, buffer)

    def _begin(self) -> io.RawIOBase:
        head = b""
        while len(head) < _HEAD and (more := self._packed.read(_HEAD - len(head))):
            head += more
        packing = packing_of(head, self._path)
        self._tell(packing.name if packing and head else None)
        whole = _Resumed(head, self._packed)
        if packing is None:
            return whole
        return Guard(packing.unpack(io.BufferedReader(whole, BUFFER)), lambda error: why_packed(self._path, error))

    def close(self) -> None:
        """Close the streams below too."""
        if not self.closed:
            if self._stream is not None:
                self._stream.close()
            self._packed.close()
        super().close()


class _Resumed(io.RawIOBase):
    """A stream whose first bytes were already read."""

    def __init__(self, head: bytes, rest: io.RawIOBase) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._head:
            return _readinto(self._rest, buffer)
        data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _readinto(stream: Any, buffer: Any) -> int:
    if isinstance(stream, io.RawIOBase):
        return stream.readinto(buffer) or 0
    # read1 hands over what a pipe holds by now; read waits for all, and so can readinto1 with half of it in hand
    data = stream.read1(len(buffer)) if hasattr(stream, "read1") else stream.read(len(buffer))
    buffer[: len(data)] = data
    return len(data)
