"""Bytes of a line become a reading: a record, and what is wrong with the line.

The reader never raises, whatever the bytes. Lines without a fault take a fast
path in C; all others are scanned token by token, without recursion, so that a
fault is told with its byte offset.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import orjson

MAX_BYTES = 262_144
"""The longest line that FMT011 allows, newline included."""
HARD_LIMIT = 16 * 1024 * 1024
"""Longer lines, in bytes, are consumed but not parsed."""
MAX_DEPTH = 512
"""Arrays and objects nested deeper than this are not read (RFC 8259, section 9, allows a limit)."""
KEPT_BYTES = 4_096
"""What `read_stream` keeps of a line longer than `HARD_LIMIT`."""
UNTERMINATED = "the line is not ended by a newline"
"""Message of the defect of a last line without a newline: in a sample, the mark of a cut."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_INT_DIGITS = 640  # integers up to this length convert under every setting of Python's digit limit
_EXACT_BELOW = 2.0**63  # orjson gives integers beyond 64 bits as rounded floats


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is: *line* counts from 1, *offset* is the byte (from 0) at which it starts in its stream."""

    path: str
    line: int
    offset: int


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a line; *offset* is the byte (from 0) within the line."""

    requirement: str
    message: str
    offset: int


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
        defects = () if len(raw) <= MAX_BYTES else tuple(_too_long(len(raw), ended=True))
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
            yield Reading(place, raw, None, tuple(_too_long(length, ended=ended)))
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


def _too_long(length: int, *, ended: bool) -> Iterator[Defect]:
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
        return None, list(_too_long(len(raw), ended=ended))
    defects = [] if len(raw) <= MAX_BYTES else [*_too_long(len(raw), ended=True)]
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
        members, found = _Scanner(text, start).read()
        defects += found
    except UnicodeDecodeError as error:
        # Without a newline, bytes missing at the very end are the cut, not a fault of their own.
        if ended or error.reason != "unexpected end of data":
            defects.append(Defect("FMT001", f"the line is not UTF-8: {error.reason}", error.start))
    except _Fault as fault:
        if ended or not _CUT_TOKEN.fullmatch(text, fault.offset):
            defects.append(Defect("FMT001", fault.message, fault.offset))
    if ended and text.endswith(b"\r"):
        defects.append(Defect("FMT001", "the line is ended by a carriage return and a newline", len(text) - 1))
    if not ended:
        defects.append(_cut(raw))
    return members, defects


def _cut(raw: bytes) -> Defect:
    return Defect("FMT001", UNTERMINATED, len(raw))


class _Fault(Exception):
    """The text is not one JSON object."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


_BLANK = frozenset({b" ", b"\t", b"\r"})
_BLANKS = re.compile(rb"[ \t\r]*+")
_STRING_PART = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){0,4096}+')
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")
_CUT_TOKEN = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?|-|\.|[eE][+-]?|(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?)?")
_WORD = re.compile(rb"true|false|null|NaN|-?Infinity")
_WORDS = {b"true": True, b"false": False, b"null": None}
_NOT_NUMBERS = {b"NaN": math.nan, b"Infinity": math.inf, b"-Infinity": -math.inf}


class _Scanner:
    """Reads one JSON text without recursion, and notes what only strict readers see."""

    def __init__(self, text: bytes, start: int) -> None:
        self._text = text
        self._at = start
        self._open: list[dict[str, Any] | list[Any]] = []
        self._names: list[str] = []  # of the member being read, one per open object
        self._repeated: list[Defect] = []
        self._not_numbers: list[Defect] = []

    def read(self) -> tuple[dict[str, Any], list[Defect]]:
        """Return the members and the defects of FMT002 and FMT009, one each at most; raise _Fault otherwise."""
        start = self._skip_blanks()
        value = self._value()
        end = self._skip_blanks()
        if end < len(self._text):
            raise _Fault(
                end, "the line goes on after its object" if isinstance(value, dict) else "the line is not JSON"
            )
        if not isinstance(value, dict):
            if self._not_numbers:
                raise _Fault(start, "the line is not JSON")
            raise _Fault(start, f"the line is JSON, but {_kind(value)}, not an object")
        return value, [*_first(self._repeated), *_first(self._not_numbers)]

    def _skip_blanks(self) -> int:
        if self._text[self._at : self._at + 1] in _BLANK and (match := _BLANKS.match(self._text, self._at)):
            self._at = match.end()
        return self._at

    def _next(self) -> bytes:
        at = self._skip_blanks()
        return self._text[at : at + 1]

    def _value(self) -> Any:
        """Read one value, with all that is inside it."""
        while True:
            value, complete = self._begin()
            if not complete:
                continue
            while self._open:
                self._put(value)
                if self._goes_on():
                    break
                value = self._close()
            else:
                return value

    def _begin(self) -> tuple[Any, bool]:
        """Read a scalar or an empty container (complete), or open a container (not complete)."""
        first = self._next()
        if first not in (b"{", b"["):
            return self._scalar(first), True
        if len(self._open) == MAX_DEPTH:
            raise _Fault(self._at, f"the line nests deeper than {MAX_DEPTH} levels")
        self._at += 1
        container: dict[str, Any] | list[Any] = {} if first == b"{" else []
        if self._next() == (b"}" if first == b"{" else b"]"):
            self._at += 1
            return container, True
        self._open.append(container)
        if isinstance(container, dict):
            self._names.append(self._name(container))
        return None, False

    def _put(self, value: Any) -> None:
        container = self._open[-1]
        if isinstance(container, dict):
            container[self._names[-1]] = value
        else:
            container.append(value)

    def _goes_on(self) -> bool:
        """Read the comma after a member or element, and the next member's name; False at the container's end."""
        container = self._open[-1]
        following = self._next()
        if following == b",":
            self._at += 1
            if isinstance(container, dict):
                self._names[-1] = self._name(container)
            return True
        if following == (b"}" if isinstance(container, dict) else b"]"):
            return False
        raise _Fault(self._at, "the line is not JSON: no comma or closing bracket where one is due")

    def _close(self) -> dict[str, Any] | list[Any]:
        self._at += 1
        container = self._open.pop()
        if isinstance(container, dict):
            self._names.pop()
        return container

    def _name(self, container: dict[str, Any]) -> str:
        if self._next() != b'"':
            raise _Fault(self._at, "the line is not JSON: no member name where one is due")
        offset = self._at
        name = self._string()
        if self._next() != b":":
            raise _Fault(self._at, "the line is not JSON: no colon after a member's name")
        self._at += 1
        if name in container:
            self._repeated.append(Defect("FMT002", f"the member {_shown(name)} is repeated", offset))
        return name

    def _scalar(self, first: bytes) -> Any:
        if first == b'"':
            return self._string()
        start = self._at
        if word := _WORD.match(self._text, start):
            self._at = word.end()
            if word[0] in _WORDS:
                return _WORDS[word[0]]
            self._not_numbers.append(Defect("FMT009", self._not_number(word[0].decode()), start))
            return _NOT_NUMBERS[word[0]]
        number = _NUMBER.match(self._text, start)
        if number is None:
            raise _Fault(start, "the line is not JSON: no value where one is due")
        self._at = number.end()
        return _to_number(number[0], is_integer=number[1] is None and number[2] is None)

    def _not_number(self, word: str) -> str:
        owner = f"{_shown(self._names[-1])} holds" if self._names else "the line holds"
        return f"{owner} {word}, which is no JSON number"

    def _string(self) -> str:
        start = self._at
        self._at += 1
        while part := _STRING_PART.match(self._text, self._at):
            if part.end() == self._at:
                break
            self._at = part.end()
        if self._text[self._at : self._at + 1] != b'"':
            raise _Fault(self._at, f"the line is not JSON: {self._string_fault()}")
        self._at += 1
        token = self._text[start : self._at].decode()
        text: str = json.loads(token) if "\\" in token else token[1:-1]
        return text

    def _string_fault(self) -> str:
        if self._at == len(self._text):
            return "a string has no end"
        if self._text[self._at : self._at + 1] == b"\\":
            return "a string has an escape that JSON does not know"
        return "a string has a control character in it"


def _to_number(digits: bytes, is_integer: bool) -> int | float:
    if not is_integer:
        return float(digits)
    if len(digits) <= _INT_DIGITS:
        return int(digits)
    return -math.inf if digits.startswith(b"-") else math.inf


def _first(defects: list[Defect]) -> list[Defect]:
    """Keep the first defect of a kind, and say how many more there are: one line, one finding."""
    if len(defects) < 2:
        return defects
    first = defects[0]
    return [Defect(first.requirement, f"{first.message} (and {len(defects) - 1} more in this line)", first.offset)]


def _kind(value: Any) -> Literal["an array", "a string", "a number", "a literal"]:
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        return "a string"
    return "a literal" if isinstance(value, bool) or value is None else "a number"


def _shown(name: str) -> str:
    """Quote a member's name in printable ASCII, at most 60 characters of it."""
    return json.dumps(name if len(name) <= 60 else name[:60] + "…", ensure_ascii=True)
