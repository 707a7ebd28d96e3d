"""The records that were captured, as a test looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

from logconform.records import Place, read_line

_SHOWN = 200
"""Characters shown of a line that is no record."""


class LogRecord(Mapping[str, Any]):
    r"""
    One line that was written: a mapping of the record's members.

    A line that is no record is here too. It has no members, and `event` says
    so: no comparison with what was expected passes it over.

    >>> LogRecord(b'{"event": "Invoice sent", "invoice_id": 7}\n')["invoice_id"]
    7
    >>> LogRecord(b"hello\n").event
    'not a record: hello'
    """

    def __init__(self, raw: bytes, stream: str = "stdout", source: int = 0) -> None:
        reading = read_line(raw, Place(stream, 1, 0))
        self.raw = raw
        self.stream = stream
        self.source = source
        self.defects = tuple(defect.message for defect in reading.defects)
        self.is_record = reading.record is not None
        self._members = reading.record.members if reading.record is not None else {}

    @property
    def text(self) -> str:
        """The line as it was written, without its newline."""
        return self.raw.decode("utf-8", "backslashreplace").rstrip("\n")

    @property
    def event(self) -> str:
        """The record's event; empty where it has none."""
        if not self.is_record:
            return f"not a record: {self.text[:_SHOWN]}"
        return str(self._members.get("event", ""))

    def __getitem__(self, name: str) -> Any:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return repr(self._members) if self.is_record else f"<{self.event!r}>"


class LogRecords(Sequence[LogRecord]):
    """
    Records in the order in which they were written.

    The fixture's own grows while the test runs: each look gives what has been
    written until then. What `of` and slices return stays as it is.
    """

    def __init__(self, look: Callable[[], Sequence[LogRecord]]) -> None:
        self._look = look

    @property
    def events(self) -> list[str]:
        """The event of each record; of a line that is no record, its text."""
        return [each.event for each in self._look()]

    def of(self, **members: Any) -> LogRecords:
        r"""
        Return the records that have all of *members*, such as `of(task_id="…", level="error")`.

        >>> lines = [LogRecord(b'{"event": "a", "level": "info"}\n'), LogRecord(b'{"event": "b", "level": "error"}\n')]
        >>> LogRecords(lambda: lines).of(level="error").events
        ['b']
        """
        absent = object()
        wanted = members.items()
        return _kept([each for each in self._look() if all(each.get(name, absent) == value for name, value in wanted)])

    @property
    def unreadable(self) -> LogRecords:
        """The lines that are no records."""
        return _kept([each for each in self._look() if not each.is_record])

    @overload
    def __getitem__(self, index: int) -> LogRecord: ...
    @overload
    def __getitem__(self, index: slice) -> LogRecords: ...
    def __getitem__(self, index: int | slice) -> LogRecord | LogRecords:
        if isinstance(index, slice):
            return _kept(self._look()[index])
        return self._look()[index]

    def __iter__(self) -> Iterator[LogRecord]:
        return iter(self._look())  # what is written meanwhile is not waited for: printing a record writes a line

    def __len__(self) -> int:
        return len(self._look())

    def __repr__(self) -> str:
        return f"<{len(self)} log records: {self.events}>"


def _kept(records: Sequence[LogRecord]) -> LogRecords:
    return LogRecords(lambda: records)
