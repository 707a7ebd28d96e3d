"""Tracebacks that print what was in the variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from logconform.records import Record
from logconform.rules.base import Outcomes, StreamRule

_BOX = re.compile(r"^[\s│|]*[╭┌+][─-]+ locals [─-]+[╮┐+]", re.MULTILINE)
_POINTER = re.compile(r"^[\s│|]*[└╰][─ ]+\S", re.MULTILINE)
_DOTTED = re.compile(r"^ +\.{8,}\n +[^\W\d][\w.\[\]'\"]* = \S", re.MULTILINE)
_REPR = r"(?:<[^\W\d].*>|'[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?|None|True|False|[\[{(].*[\])}])"
_FRAME = re.compile(
    r"^(?P<in>[ |+]*)File \"[^\"\n]*\", line \d+, in .*\n"
    r"(?P=in)[ ]{2}(?P<code>\S.*)\n"
    r"(?:[ |+]*[\^~]+[\^~ ]*\n)?"
    rf"(?P<first>[ |+]*[^\W\d]\w* = {_REPR}[ ]*)$",
    re.MULTILINE,
)


class TracebackShowsLocals(StreamRule):
    """
    A traceback carries the values of local variables, as rich, stackprinter, better_exceptions or structlog can add.

    **Known limits:** values that a traceback weaves into its text in another way are not recognised.
    """

    requirement = "SAFE003"
    fix = "Format tracebacks without locals: `show_locals=False`, or the standard library's own format."

    def see(self, record: Record) -> Outcomes:
        if b"Traceback" not in record.raw and b'"exception"' not in record.raw and b'"locals"' not in record.raw:
            return
        shown = _locals_in(record.members)
        yield self.finding(f"{shown} shows values of local variables", record) if shown else None


def shows_locals(members: dict[str, Any]) -> bool:
    """Whether a text or frame in *members* shows values of local variables."""
    return _locals_in(members) is not None


def _locals_in(members: dict[str, Any]) -> str | None:
    for name, text in _texts(members):
        if text is None or _prints_locals(text):
            return name
    return None


def _texts(members: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield each text with the member that it stands in; None for frames that have variables of their own."""
    waiting: list[tuple[str, Any]] = list(members.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            if value.get("locals") and ("lineno" in value or "filename" in value):
                yield name, None
            waiting.extend((name, inner) for inner in value.values())
        elif isinstance(value, list):
            waiting.extend((name, inner) for inner in value)


def _prints_locals(text: str) -> bool:
    if "\n" not in text or ("Traceback" not in text and "File " not in text and "│" not in text):
        return False
    if _BOX.search(text) or _POINTER.search(text) or _DOTTED.search(text):
        return True
    return any(_is_complete(frame["code"]) for frame in _FRAME.finditer(text))


def _is_complete(code: str) -> bool:
    """Whether a source line is a whole statement: Python 3.13 shows those of several lines in full."""
    return all(code.count(left) <= code.count(right) for left, right in ("()", "[]", "{}")) and not code.endswith("\\")
