"""Bytes of a line become a reading: a record, and what is wrong with the line.

The reader never raises, whatever the bytes. Lines without a fault take a fast
path in C; all others are scanned token by token, without recursion, so that a
fault is told with its byte offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from logconform.scanner import MAX_DEPTH, Defect, Fault, Scanner

MAX_BYTES = 262_144
"""The longest line that FMT011 allows, newline included."""
HARD_LIMIT = 16 * 1024 * 1024
"""Longer lines, in bytes, are consumed but not parsed."""
KEPT_BYTES = 4_096
"""What `read_stream` keeps of a line longer than `HARD_LIMIT`."""
UNTERMINATED = "the line is not ended by a newline"
"""Message of the defect of a last line without a newline: in a sample, the mark of a cut."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CUT_TOKEN = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?|-|\.|[eE][+-]?|(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?)?")
_EXACT_BELOW = 2.0**63  # orjson gives integers beyond 64 bits as rounded floats


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is.

    *line* counts from 1, *offset* is the byte (from 0) at which it starts in
    its stream, *source* the number of that stream in the order of the sample.
    """

    path: str
    line: int
    offset: int
    source: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a log stream: its place, its bytes with their newline, its members."""

    place: Place
    raw: bytes
    members: dict[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the member called *name*, or *default*."""
        return self.members.get(name, default)

    def text(self, name: str) -> str | None:
        """Return the member called *name* if it is a string."""
        value = self.members.get(name)
        return value if isinstance(value, str) else None

    @property
    def event(self) -> str | None:
        """The event, if it is a string."""
        return self.text("event")

    @property
    def task_id(self) -> str | None:
        """Celery's id of the task, if it is a string."""
        return self.text("task_id")

    @property
    def logger(self) -> str | None:
        """The logger's name, if it is a string."""
        return self.text("logger")

    @property
    def level(self) -> str | None:
        """The level, if it is a string."""
        return self.text("level")

    @property
    def timestamp(self) -> str | None:
        """The time stamp as it was written, if it is a string."""
        return self.text("timestamp")


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one line gave: the record, unless it is unreadable, and the defects."""

    place: Place
    raw: bytes
    record: Record | None
    defects: tuple[Defect, ...]

    @property
    def unterminated(self) -> bool:
        """Whether the stream ended within this line: true at most for the last one."""
        return any(defect.message == UNTERMINATED for defect in self.defects)


def read_line(raw: bytes, place: Place) -> Reading:
    """Read one line of a log stream, given with its newline if it has one.

    Never raises. A record comes back together with defects wherever the line
    can still be understood: of a repeated name the last value counts, `NaN`
    and `Infinity` become floats, an integer of more than 640 digits becomes
    an infinite float.

    >>> read_line(b'{"event": "Task starting"}\\n', Place("-", 1, 0)).record.event
    'Task starting'
    >>> read_line(b'{"a": 1, "a": 2}\\n', Place("-", 1, 0)).defects
    (Defect(requirement='FMT002', message='the member "a" is repeated', offset=9),)
    """
    members = _faultless(raw)
    if members is not None:
        defects = () if len(raw) <= MAX_BYTES else tuple(too_long(len(raw), ended=True))
        return Reading(place, raw, Record(place, raw, members), defects)
    members, found = _faulty(raw)
    return Reading(place, raw, None if members is None else Record(place, raw, members), tuple(found))


def read_stream(stream: BinaryIO, path: str) -> Iterator[Reading]:
    """Read every line of *stream*, splitting at line feeds only.

    Holds one line at a time, and never more than `HARD_LIMIT` bytes of it: of
    a longer line the reading keeps the first `KEPT_BYTES`.

    Raises:
        OSError: If *stream* cannot be read.
    """
    line, offset = 1, 0
    while raw := stream.readline(HARD_LIMIT + 1):
        place = Place(path, line, offset)
        if len(raw) > HARD_LIMIT:
            raw, length, ended = _skip_line(stream, raw)
            yield oversize_reading(raw, length, place, ended=ended)
        else:
            length = len(raw)
            yield read_line(raw, place)
        line, offset = line + 1, offset + length


def _skip_line(stream: BinaryIO, start: bytes) -> tuple[bytes, int, bool]:
    """Consume the rest of a line; return its first bytes, its length, and whether a newline ended it."""
    length, last = len(start), start
    while not last.endswith(b"\n"):
        more = stream.readline(MAX_BYTES)
        if not more:
            break
        length, last = length + len(more), more
    return start[:KEPT_BYTES], length, last.endswith(b"\n")


def oversize_reading(start: bytes, length: int, place: Place, *, ended: bool) -> Reading:
    """Return the reading of a line of *length* bytes, longer than `HARD_LIMIT`, that begins with *start*."""
    return Reading(place, start, None, tuple(too_long(length, ended=ended)))


def too_long(length: int, *, ended: bool) -> Iterator[Defect]:
    """Yield the defects of a line of *length* bytes that is longer than FMT011 allows."""
    yield Defect("FMT011", f"the line has {length:,} bytes, at most {MAX_BYTES:,} are allowed", MAX_BYTES)
    if not ended:
        yield Defect("FMT001", UNTERMINATED, length)


def _faultless(raw: bytes) -> dict[str, Any] | None:
    """Return the members of a line with no fault but its length, else None: the slow path then tells why."""
    if len(raw) > HARD_LIMIT or raw.find(b"\n") != len(raw) - 1 or raw.endswith(b"\r\n"):
        return None
    try:
        members = orjson.loads(raw)
    except ValueError:
        return None
    if type(members) is not dict or _count_strings(members) * 2 != _count_quotes(raw):
        return None
    return members


def _count_quotes(text: bytes) -> int:
    """Count the quotes that open or close a string in *text*, which is valid JSON."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return text.count(b'"')


def _count_strings(members: dict[str, Any]) -> int:
    """Count names and string values: fewer than were written means that a name was repeated.

    Gives -1, which no count equals, for what the fast path cannot vouch for:
    nesting beyond `MAX_DEPTH`, and numbers that may have been rounded.
    """
    strings = depth = 0
    level: list[Any] = [members]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return -1
        below: list[Any] = []
        for container in level:
            values = container
            if type(container) is dict:
                strings += len(container)
                values = container.values()
            for value in values:
                kind = type(value)
                if kind is str:
                    strings += 1
                elif kind is dict or kind is list:
                    below.append(value)
                elif kind is float and not -_EXACT_BELOW < value < _EXACT_BELOW:
                    return -1
        level = below
    return strings


def _faulty(raw: bytes) -> tuple[dict[str, Any] | None, list[Defect]]:
    """Read a line that may have any fault; tell every fault that stands for itself."""
    ended = raw.endswith(b"\n")
    if len(raw) > HARD_LIMIT:
        return None, list(too_long(len(raw), ended=ended))
    defects = [] if len(raw) <= MAX_BYTES else [*too_long(len(raw), ended=True)]
    text = raw[:-1] if ended else raw
    start = 0
    if text.startswith(_BYTE_ORDER_MARK):
        start = len(_BYTE_ORDER_MARK)
        defects.append(Defect("FMT001", "the line starts with a byte-order mark", 0))
    if not text[start:].strip(b" \t\r"):
        return None, defects or [Defect("FMT001", "the line is blank", 0) if ended else _cut(raw)]
    members = None
    try:
        text.decode()
        members, found = Scanner(text, start).read()
        defects += found
    except UnicodeDecodeError as error:
        # Without a newline, bytes missing at the very end are the cut, not a fault of their own.
        if ended or error.reason != "unexpected end of data":
            defects.append(Defect("FMT001", f"the line is not UTF-8: {error.reason}", error.start))
    except Fault as fault:
        if ended or not _CUT_TOKEN.fullmatch(text, fault.offset):
            defects.append(Defect("FMT001", fault.message, fault.offset))
    if ended and text.endswith(b"\r"):
        defects.append(Defect("FMT001", "the line is ended by a carriage return and a newline", len(text) - 1))
    if not ended:
        defects.append(_cut(raw))
    return members, defects


def _cut(raw: bytes) -> Defect:
    return Defect("FMT001", UNTERMINATED, len(raw))
