"""Drains one pipe of a process into a file, to the last byte, whatever comes.

A worker whose pipe nobody reads stops at the 65th kibibyte, and would look as if it hung. So a thread reads all the
time, also when there is nothing left to keep: what comes after the limit is counted and dropped.
"""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path
from time import monotonic

CHUNK_BYTES = 65_536
LIMIT_BYTES = 64 * 1024 * 1024
"""Bytes kept of one stream: about 200,000 records; a run of the suite writes some thousand."""


class Capture:
    """Adds what arrives on *fd* to *path*, byte for byte, and closes *fd* at its end.

    The first *limit_bytes* bytes are kept. The file is not buffered: it can be read while it grows.
    """

    def __init__(self, fd: int, path: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.path = path
        self.limit_bytes = limit_bytes
        self.bytes_seen = 0
        self.complete = False
        """The end of the stream was reached: every writer has closed it."""
        self.error: OSError | None = None
        """Why the file could not be written (a full disk, say), if so; draining goes on."""
        self._fd = fd
        self._file = path.open("ab", buffering=0)
        self._kept = 0
        self._arrival = threading.Condition()
        self._last_arrival = monotonic()
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread = threading.Thread(target=self._drain, name=f"capture {path.name}", daemon=True)
        self._thread.start()

    @property
    def truncated(self) -> bool:
        """Whether bytes were dropped, so that the file is only the start of the stream."""
        return self.bytes_seen > self._kept

    @property
    def flooded(self) -> bool:
        """Whether twice the limit has come: the writer doesn't stop by itself, and may be stopped."""
        return self.bytes_seen >= 2 * self.limit_bytes

    def wait_idle(self, *, quiet: float = 0.2, timeout: float = 5.0) -> bool:
        """Wait until nothing has arrived for *quiet* seconds, or the stream has ended.

        Returns False if it was still busy after *timeout* seconds.
        """
        deadline = monotonic() + timeout
        with self._arrival:
            while not self.complete:
                now = monotonic()
                idle_at = self._last_arrival + quiet
                if now >= idle_at:
                    return True
                if now >= deadline:
                    return False
                self._arrival.wait(min(idle_at, deadline) - now)
        return True

    def close(self, timeout: float = 5.0) -> bool:
        """Wait *timeout* seconds for the end of the stream, then stop reading. Returns whether the end was reached.

        A process that outlived its parent can hold the pipe open: then what is in the pipe by now is still taken.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            os.write(self._stop_writer, b"x")
        self._thread.join()
        if self._stop_writer >= 0:
            os.close(self._stop_writer)
            self._stop_writer = -1
        return self.complete

    def _drain(self) -> None:
        with self._file:
            while not self.complete and self._wait_readable():
                self._take()
            if not self.complete:
                self._take_rest()
        os.close(self._fd)
        os.close(self._stop_reader)

    def _wait_readable(self) -> bool:
        """Wait for bytes or the end; False when told to stop."""
        readable, _, _ = select.select([self._fd, self._stop_reader], [], [])
        return self._stop_reader not in readable

    def _take(self) -> None:
        chunk = os.read(self._fd, CHUNK_BYTES)
        if chunk:
            self._keep(chunk)
        with self._arrival:
            self.bytes_seen += len(chunk)
            self._last_arrival = monotonic()
            self.complete = not chunk
            self._arrival.notify_all()

    def _take_rest(self) -> None:
        """Take what the pipe holds, at most as much as it can hold: the writer may never pause."""
        for _ in range(16):  # 1 MiB, the largest pipe that Linux allows by default
            if self.complete or not select.select([self._fd], [], [], 0)[0]:
                return
            self._take()

    def _keep(self, chunk: bytes) -> None:
        rest = memoryview(chunk)[: self.limit_bytes - self._kept]
        while rest and self.error is None:
            try:
                written = self._file.write(rest)
            except OSError as error:
                self.error = error
                return
            self._kept += written
            rest = rest[written:]
