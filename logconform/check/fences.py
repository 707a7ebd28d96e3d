"""The fenced blocks of a Markdown page, and which of them show log records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

LANGUAGES = ("json", "ndjson", "jsonl")
"""Languages of blocks that may show records."""
MARKERS = frozenset({"event", "level", "timestamp"})
"""Two of these members make an object a log record."""

Mark = Literal["", "violates", "ignore"]

_OPENING = re.compile(r"(?P<indent>[ \t>]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")
_WORD = re.compile(r"[\w-]+")
_COMMENT = re.compile(r"<!--\s*logconform:\s*(violates|ignore)\s*-->", re.IGNORECASE)
_LABEL = re.compile(r"\*\*(Conforms|Violates)\b")
_BROKEN = re.compile(r'"event"\s*:.*"(?:level|timestamp)"\s*:|"(?:level|timestamp)"\s*:.*"event"\s*:', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """A record as a block shows it, on one line; *number* (from 1) and *offset* (in bytes) say where it begins."""

    text: bytes
    number: int
    offset: int


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its mark, and its lines with their places in the page."""

    language: str
    mark: Mark
    lines: tuple[Line, ...]

    @property
    def number(self) -> int:
        """The line of the page at which it begins (from 1)."""
        return self.lines[0].number

    def records(self) -> Sequence[Line]:
        """
        Return what the block shows, an object a line.

        An object that is spread over several lines is joined; what is no JSON
        is joined up to the block's end.
        """
        lines = [line for line in self.lines if line.text.strip()]
        if self.language != "json" or all(_is_whole(line.text) for line in lines):
            return [Line(line.text.strip() + b"\n", line.number, line.offset) for line in lines]
        return list(_joined(lines))

    def shows_records(self) -> bool:
        """Whether it is about log records, and no other JSON."""
        return any(is_record(line.text) for line in self.records())


def is_record(text: bytes) -> bool:
    """
    Whether *text* is a log record, or was meant to be one.

    >>> is_record(b'{"event": "Task starting", "level": "info"}'), is_record(b'{"event": "a", "level": ...}')
    (True, True)
    >>> is_record(b'{"name": "billing", "level": 3}'), is_record(b'[1]')
    (False, False)
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _BROKEN.search(text.decode("utf-8", "replace")) is not None
    return isinstance(content, dict) and len(MARKERS & content.keys()) >= 2


def blocks_of(page: bytes) -> Iterator[Block]:
    """
    Yield the blocks of a page that may show records.

    A block is marked by the word `violates` or `ignore` after its language,
    by a comment right before it (`<!-- logconform: ignore -->`), or by the
    label **Violates** before it, which holds up to the next label or heading.
    """
    label: Mark = ""
    comment: Mark = ""
    lines = iter(_lines(page))
    for line in lines:
        text = line.text.decode("utf-8", "replace").rstrip("\r\n")
        if (opening := _OPENING.fullmatch(text)) is not None:
            block = _block(opening, lines, comment or label)
            if block.language in LANGUAGES and block.lines:
                yield block
            comment = ""
        elif (found := _COMMENT.fullmatch(text.strip())) is not None:
            comment = "violates" if found[1].lower() == "violates" else "ignore"
        elif (found := _LABEL.match(text.strip())) is not None:
            label, comment = "violates" if found[1] == "Violates" else "", ""
        elif text.startswith("#"):
            label, comment = "", ""
        elif text.strip():
            comment = ""


def _lines(page: bytes) -> Iterator[Line]:
    offset = 0
    for number, text in enumerate(page.split(b"\n"), start=1):
        yield Line(text, number, offset)
        offset += len(text) + 1


def _block(opening: re.Match[str], lines: Iterator[Line], mark: Mark) -> Block:
    words = [word.lower() for word in _WORD.findall(opening["info"])]
    for word in words[1:]:
        mark = "violates" if word == "violates" else "ignore" if word == "ignore" else mark
    indent, ticks = opening["indent"].encode(), opening["ticks"].encode()
    inside = []
    for line in lines:
        text = _without(line.text, indent)
        if text.strip().startswith(ticks) and not text.strip().strip(ticks[:1]):
            break
        inside.append(Line(text, line.number, line.offset))
    return Block(words[0] if words else "", mark, tuple(inside))


def _without(text: bytes, indent: bytes) -> bytes:
    """Return a line without the indent of its block."""
    return text[len(indent) :] if text.startswith(indent) else text.lstrip()


def _is_whole(text: bytes) -> bool:
    return text.strip().startswith(b"{") and text.strip().endswith(b"}")


def _joined(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield each object that lines spell out, with the place of its first line."""
    begin = 0
    for end in range(1, len(lines) + 1):
        text = b" ".join(line.text.strip() for line in lines[begin:end])
        if end == len(lines) or _is_json(text):
            yield Line(text + b"\n", lines[begin].number, lines[begin].offset)
            begin = end


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
