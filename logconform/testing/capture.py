"""
What the process writes while one test runs, line by line.

pytest empties its captures at the end of each phase of a test (setup, call,
teardown), at `capsys.readouterr()`, and where `capsys` hands over what it
holds: right before, everything is looked at once more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from logconform.testing.captured import LogRecord
from logconform.testing.outputs import STREAMS, Detour, Output, flush, output_behind

Streams = tuple[Any, Any]
"""What `sys.stdout` and `sys.stderr` were."""


class Capture:
    """
    Looks at all that is written from its making on, until it is closed.

    *outer* are the streams that were there before any fixture of the test:
    handlers made earlier hold them. *detours* are those of the session, empty
    where pytest captures the descriptors itself.
    """

    def __init__(self, outer: Streams, detours: Sequence[Detour]) -> None:
        self._outer = outer
        self._detours = detours
        self._watched: list[_Watched] = []
        self._records: list[LogRecord] = []
        self._closed = False
        self.begin()

    def begin(self) -> None:
        """Look on from here: a phase begins."""
        flush()
        for detour in self._detours:
            detour.begin()
        self.look_around()
        self.skip()

    def end(self) -> None:
        """Take what was written, before pytest does: a phase ends."""
        self.collect()
        for detour in self._detours:
            detour.end()

    def close(self) -> None:
        """Look no more."""
        self.end()
        self._closed = True
        for each in self._watched:
            each.output.close()

    def records(self) -> Sequence[LogRecord]:
        """Return what was written until now; a line without its end yet stands last."""
        self.collect()
        return [*self._records, *(each.record(each.rest) for each in self._watched if each.rest)]

    def collect(self) -> None:
        """Look at what has been written since the last time."""
        if self._closed:
            return
        flush()
        for each in self._watched:
            self._records.extend(each.new_records())

    def look_around(self) -> None:
        """Watch every place where outputs go now."""
        for detour in self._detours:
            self._watch(detour.name, detour.output)
        self._watch_streams(self._outer)
        self._watch_streams((sys.stdout, sys.stderr))

    def skip(self) -> None:
        """Pass over what is there already."""
        for each in self._watched:
            each.position = each.output.size()

    def share(self, fixture: Any) -> None:
        """Look at what goes to a capture fixture of pytest's, before it is taken out of there."""
        for name in ("readouterr", "close"):
            setattr(fixture, name, self._looked_at_first(getattr(fixture, name)))
        if not self._closed:
            self.look_around()

    def _looked_at_first(self, take: Callable[[], Any]) -> Callable[[], Any]:
        def look_and_take() -> Any:
            with self._skipping():
                return take()

        return look_and_take

    @contextmanager
    def _skipping(self) -> Iterator[None]:
        self.collect()
        yield
        if not self._closed:
            self.skip()

    def _watch_streams(self, streams: Iterable[Any]) -> None:
        for name, stream in zip(STREAMS.values(), streams, strict=True):
            output = output_behind(stream)
            if output is not None:
                self._watch(name, output)

    def _watch(self, name: str, output: Output) -> None:
        if any(each.output.key == output.key for each in self._watched):
            output.close()
            return
        self._watched.append(_Watched(name, output, len(self._watched)))


class _Watched:
    """One place, how far it has been looked at, and the beginning of a line that has no end yet."""

    def __init__(self, name: str, output: Output, number: int) -> None:
        self.output = output
        self.position = 0
        self.rest = b""
        self._name = name
        self._number = number

    def new_records(self) -> Iterator[LogRecord]:
        if self.output.size() < self.position:
            self.position = 0  # somebody has emptied it
        data = self.output.read(self.position)
        self.position += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            yield self.record(line + b"\n")

    def record(self, raw: bytes) -> LogRecord:
        return LogRecord(raw, self._name, self._number)
