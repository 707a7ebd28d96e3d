"""One stream of a sample."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logconform.check.sources import remote
from logconform.check.sources.streams import BUFFER, Guard, Progress, Unpacked
from logconform.check.sources.unreadable import Unreadable, why_local

STDIN = "-"
_STDIN_NAME = "standard input"


@dataclass(slots=True)
class Found:
    """What reading a source showed: how it is packed, and which shipper wrapped it."""

    compression: str | None = None
    envelope: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """
    One stream of a sample.

    *path* is what is shown, without credentials; *size* is in bytes on disk,
    0 where nobody knows; *url* is where it is, unless it is a file here.
    *found* is filled while the source is read.
    """

    path: str
    size: int = 0
    url: str | None = field(default=None, repr=False)
    found: Found = field(default_factory=Found, compare=False, repr=False)

    def open(self, progress: Progress | None = None) -> io.BufferedReader:
        """
        Open the stream, unpacked where its first bytes or its name say that it is packed.

        Raises:
            Unreadable: If it can't be opened; reading raises it too, where the
                file is damaged or ends too early.
        """
        return io.BufferedReader(Unpacked(self._packed(progress), self.path, self._tell), BUFFER)

    def describe(self) -> str:
        """
        Return the path, and how the source was read.

        >>> Source("worker.log.gz", found=Found("gzip", "docker")).describe()
        'worker.log.gz (gzip, docker)'
        """
        how = ", ".join(each for each in (self.found.compression, self.found.envelope) if each)
        return f"{self.path} ({how})" if how else self.path

    def _tell(self, compression: str | None) -> None:
        self.found.compression = compression

    def _packed(self, progress: Progress | None) -> Guard:
        if self.path == STDIN:
            if sys.stdin is None:
                raise Unreadable(f"{_STDIN_NAME}: is closed; pipe the log into it")
            return Guard(sys.stdin.buffer, lambda error: why_local(_STDIN_NAME, error), progress, keep=True)
        if self.url is not None:
            url = self.url
            return Guard(remote.open_url(url), lambda error: remote.why(url, error), progress)
        return Guard(self._file(), lambda error: why_local(self.path, error), progress)

    def _file(self) -> Any:
        try:
            return Path(self.path).open("rb")  # closed by the stream around it
        except (OSError, ValueError) as error:
            raise Unreadable(why_local(self.path, error)) from None
