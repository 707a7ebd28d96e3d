"""
Where a sample comes from: paths, folders, patterns and standard input become binary streams.

Rotated files come oldest first, so that an execution that began in
`worker.log.1` is read before it ends in `worker.log`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from glob import glob
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

STDIN = "-"
_STDIN_NAME = "standard input"
_BUFFER = 1 << 20
_LOG = re.compile(
    r"(?P<base>.+\.(?:ndjson|jsonl|log))(?:[.-](?P<rotation>\d[\w:.-]*?))?(?P<packed>\.(?:gz|bz2|xz|zst))?"
)
_ZSTD_MODULES = ("compression.zstd", "backports.zstd", "pyzstd", "zstandard")

Progress = Callable[[int], None]
"""Called with the number of bytes just read from disk."""


class Unreadable(Exception):
    """A sample can't be read. Its text names what, why, and the remedy."""


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of a sample. `size` is in bytes on disk, 0 where nobody knows."""

    path: str
    size: int = 0

    def open(self, progress: Progress | None = None) -> BinaryIO:
        """
        Open the stream, unpacked where its name says that it is packed.

        Raises:
            Unreadable: If it can't be opened; reading raises it too, where the
                file is damaged or ends too early.
        """
        if self.path == STDIN:
            if sys.stdin is None:
                raise Unreadable("standard input: is closed; pipe the log into it")
            return _guarded(sys.stdin.buffer, _STDIN_NAME, progress)
        try:
            packed = Path(self.path).open("rb")  # noqa: SIM115  # closed by the stream around it
        except OSError as error:
            raise Unreadable(_why(self.path, error)) from None
        if Path(self.path).suffix not in _UNPACK:
            return _guarded(packed, self.path, progress)
        counted = io.BufferedReader(_Guard(packed, self.path, progress), _BUFFER)
        return _guarded(_UNPACK[Path(self.path).suffix](counted, self.path), self.path, None, counted)


def find_sources(arguments: Iterable[str]) -> list[Source]:
    """
    Return the streams that *arguments* name, each once: files, folders (the logs below them), patterns, or `-`.

    Raises:
        Unreadable: If something is missing, or a folder or pattern holds no log.
    """
    paths = [path for argument in arguments for path in _expand(argument)]
    known: dict[str, Source] = {}
    for path in paths:
        if path == STDIN:
            known.setdefault(STDIN, Source(STDIN))
        else:
            known.setdefault(str(Path(path).resolve()), Source(path, _size(path)))
    return list(known.values())


def _expand(argument: str) -> Sequence[str]:
    if argument == STDIN:
        return [STDIN]
    path = Path(argument)
    try:
        if path.is_dir():
            return _in_folder(path)
        if path.exists():
            return [argument]
    except OSError as error:
        raise Unreadable(_why(argument, error)) from None
    if any(sign in argument for sign in "*?["):
        # Path.glob takes no absolute patterns
        found = [each for each in glob(argument, recursive=True) if not Path(each).is_dir()]  # noqa: PTH207
        if not found:
            raise Unreadable(f"{argument}: no file matches; check the pattern, and quote it where the shell expands it")
        return sorted(found, key=_age)
    raise Unreadable(f"{argument}: no such file or folder; check the path")


def _in_folder(folder: Path) -> Sequence[str]:
    def refuse(error: OSError) -> None:
        raise Unreadable(_why(str(error.filename), error)) from None

    everything = (Path(parent, name) for parent, _, names in os.walk(folder, onerror=refuse) for name in names)
    found = [str(path) for path in everything if _LOG.fullmatch(path.name) and path.is_file()]
    if not found:
        raise Unreadable(
            f"{folder}: no logs in this folder; they end in .ndjson, .jsonl or .log, plain or packed "
            "(.gz, .bz2, .xz, .zst). Name other files one by one"
        )
    return sorted(found, key=_age)


def _age(path: str) -> tuple[str, bool, int, str]:
    """Sort key: by stream, oldest first: worker.log.2, worker.log.1, worker.log; dated ones by date."""
    name = Path(path).name
    parts = _LOG.fullmatch(name)
    if parts is None:
        return (path, True, 0, name)
    base, rotation = str(Path(path).parent / parts["base"]), parts["rotation"] or ""
    number = int(rotation) if rotation.isdigit() and len(rotation) < 5 else 0
    return (base, not rotation, -number, rotation)


def _size(path: str) -> int:
    with suppress(OSError):
        return Path(path).stat().st_size
    return 0


def _zstd(stream: BinaryIO, path: str) -> Any:
    for name in _ZSTD_MODULES:
        try:
            module = import_module(name)
        except ImportError:
            continue
        if name == "zstandard":
            return module.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
        return module.ZstdFile(stream)
    raise Unreadable(
        f"{path}: nothing here unpacks .zst; install `zstandard`, or pipe it: zstd -dc {path} | logconform check -"
    )


_UNPACK: dict[str, Callable[[BinaryIO, str], Any]] = {
    ".gz": lambda stream, _: gzip.GzipFile(fileobj=stream),
    ".bz2": lambda stream, _: bz2.BZ2File(stream),
    ".xz": lambda stream, _: lzma.LZMAFile(stream),  # noqa: SIM115  # closed by the stream around it
    ".zst": _zstd,
}


def _guarded(stream: Any, path: str, progress: Progress | None, below: BinaryIO | None = None) -> BinaryIO:
    return io.BufferedReader(_Guard(stream, path, progress, below), _BUFFER)


class _Guard(io.RawIOBase):
    """Passes a stream on, counts its bytes, and says in one line why it can't be read."""

    def __init__(self, stream: Any, path: str, progress: Progress | None, below: BinaryIO | None = None) -> None:
        self._stream = stream
        self._path = path
        self._progress = progress
        self._below = below

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._read(len(buffer))
        except EOFError:
            raise Unreadable(f"{self._path}: ends in the middle of its packed data; copy it again whole") from None
        except OSError as error:
            raise Unreadable(_why(self._path, error)) from None
        except (zlib.error, lzma.LZMAError, ValueError, RuntimeError) as error:
            raise Unreadable(f"{self._path}: its packed data is damaged ({error}); copy it again whole") from None
        if self._progress:
            self._progress(len(data))
        buffer[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        # read1 hands over what a pipe holds by now, rather than waiting for a full buffer
        data: bytes = self._stream.read1(size) if hasattr(self._stream, "read1") else self._stream.read(size)
        return data

    def close(self) -> None:
        if not self.closed and self._stream is not getattr(sys.stdin, "buffer", None):
            self._stream.close()
            if self._below is not None:
                self._below.close()
        super().close()


def _why(path: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{path}: permission denied; run as a user who may read it"
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file or folder; check the path"
    if error.errno is None:  # gzip and bz2 tell damaged data so
        return f"{path}: its packed data is damaged ({error}); copy it again whole, or rename it if it is not packed"
    return f"{path}: can't be read ({error.strerror})"
