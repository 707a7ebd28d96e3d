"""A JSON text read token by token, without recursion: what only a strict reader sees, with its byte offset."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

MAX_DEPTH = 512
"""Arrays and objects nested deeper than this are not read (RFC 8259, section 9, allows a limit)."""
_INT_DIGITS = 640  # integers up to this length convert under every setting of Python's digit limit


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a line; *offset* is the byte (from 0) within the line."""

    requirement: str
    message: str
    offset: int


class Fault(Exception):
    """The text is not one JSON object."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


_BLANK = frozenset({b" ", b"\t", b"\r"})
_BLANKS = re.compile(rb"[ \t\r]*+")
_STRING_PART = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){0,4096}+')
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")
_WORD = re.compile(rb"true|false|null|NaN|-?Infinity")
_WORDS = {b"true": True, b"false": False, b"null": None}
_NOT_NUMBERS = {b"NaN": math.nan, b"Infinity": math.inf, b"-Infinity": -math.inf}


class Scanner:
    """Reads one JSON text without recursion, and notes what only strict readers see."""

    def __init__(self, text: bytes, start: int) -> None:
        self._text = text
        self._at = start
        self._open: list[dict[str, Any] | list[Any]] = []
        self._names: list[str] = []  # of the member being read, one per open object
        self._repeated: list[Defect] = []
        self._not_numbers: list[Defect] = []

    def read(self) -> tuple[dict[str, Any], list[Defect]]:
        """Return the members and the defects of FMT002 and FMT009, one each at most; raise Fault otherwise."""
        start = self._skip_blanks()
        value = self._value()
        end = self._skip_blanks()
        if end < len(self._text):
            raise Fault(end, "the line goes on after its object" if isinstance(value, dict) else "the line is not JSON")
        if not isinstance(value, dict):
            if self._not_numbers:
                raise Fault(start, "the line is not JSON")
            raise Fault(start, f"the line is JSON, but {_kind(value)}, not an object")
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
            raise Fault(self._at, f"the line nests deeper than {MAX_DEPTH} levels")
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
        raise Fault(self._at, "the line is not JSON: no comma or closing bracket where one is due")

    def _close(self) -> dict[str, Any] | list[Any]:
        self._at += 1
        container = self._open.pop()
        if isinstance(container, dict):
            self._names.pop()
        return container

    def _name(self, container: dict[str, Any]) -> str:
        if self._next() != b'"':
            raise Fault(self._at, "the line is not JSON: no member name where one is due")
        offset = self._at
        name = self._string()
        if self._next() != b":":
            raise Fault(self._at, "the line is not JSON: no colon after a member's name")
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
            raise Fault(start, "the line is not JSON: no value where one is due")
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
            raise Fault(self._at, f"the line is not JSON: {self._string_fault()}")
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
