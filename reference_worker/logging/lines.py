"""A record as one line of bounded length. Nothing here raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import orjson

from reference_worker.logging.encoding import LONGEST_RECORD, Json

SHORT_TEXT = 64
"""Characters of a text that is never cut. Where cutting the others does not suffice, members go."""

BASE_FIELDS = 5
"""The members that come first in a record, and always stay."""

GUESSES = 4
"""How often the length of a text is guessed, before the worst is assumed of its characters."""

# A line ends only where the record does, and a terminal obeys nothing in it: JSON
# escapes the C0 controls; DEL, the C1 controls and Unicode's line ends are left to us.
_UNSAFE = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")


def encode(record: dict[str, Json]) -> bytes:
    """Return *record* as one line, its newline included, of at most `LONGEST_RECORD` bytes.

    What is longer is cut inside its longest texts; where that does not
    suffice, its containers lose their last members. It says so.
    """
    line = _line(record)
    if len(line) <= LONGEST_RECORD:
        return line
    record = {**record, "truncated": True}
    record = _with_texts_cut(record, _longest_text(record, len(_line(record)) - LONGEST_RECORD))
    line = _line(record)
    members, fields = max(_sizes(record)), len(record)
    while len(line) > LONGEST_RECORD:
        if members:
            members = _fewer(members, len(line))
        else:
            fields = max(_fewer(fields, len(line)), BASE_FIELDS)
        line = _line(_with_first(record, fields, members))
    return line


def _line(record: dict[str, Json]) -> bytes:
    return _encoded(record) + b"\n"


def _encoded(value: Json) -> bytes:
    encoded = orjson.dumps(value)
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    unsafe = _UNSAFE.search(encoded)
    while unsafe:  # once for each character that there is
        encoded = encoded.replace(unsafe[0], rf"\u{ord(unsafe[0].decode()):04x}".encode())
        unsafe = _UNSAFE.search(encoded, unsafe.start())
    return encoded


def _longest_text(record: Json, excess: int) -> int:
    """Return how many bytes a text may have, so that cutting those with more saves *excess* bytes, if anything does."""
    sizes = sorted((len(_encoded(text)) for text in _texts(record)), reverse=True)
    total = 0
    for count, (size, next_size) in enumerate(zip(sizes, [*sizes, SHORT_TEXT][1:], strict=True), start=1):
        total += size
        if total - count * next_size >= excess:
            return (total - excess) // count
    return SHORT_TEXT


def _with_texts_cut(value: Json, longest: int) -> Json:
    if isinstance(value, str):
        return _cut(value, longest) if len(value) > SHORT_TEXT else value
    if isinstance(value, list):
        return [_with_texts_cut(member, longest) for member in value]
    if isinstance(value, dict):
        return {name: _with_texts_cut(member, longest) for name, member in value.items()}
    return value


def _cut(text: str, longest: int) -> str:
    """Return as much of *text* as makes at most *longest* bytes of JSON: a character makes between one and six."""
    size = len(_encoded(text))
    if size <= longest:
        return text
    room = longest - len('"…"'.encode())
    for _ in range(GUESSES):
        text = text[: len(text) * room // size]
        size = len(_encoded(text)) - len('""')
        if size <= room:
            return text + "…"
    return text[: room // len(r"\u0000")] + "…"


def _fewer(count: int, size: int) -> int:
    """Return how many to try where *count* make *size* bytes: in proportion, but no fewer than half at once."""
    return max(count // 2, count * LONGEST_RECORD // size * 19 // 20)


def _with_first(record: dict[str, Json], fields: int, members: int) -> dict[str, Json]:
    kept = list(record.items())[:fields]
    return {name: _with_first_members(value, members) for name, value in kept} | {"truncated": True}


def _with_first_members(value: Json, members: int) -> Json:
    if isinstance(value, list):
        return [_with_first_members(member, members) for member in value[:members]]
    if isinstance(value, dict):
        return {name: _with_first_members(member, members) for name, member in list(value.items())[:members]}
    return value


def _texts(value: Json) -> Iterator[str]:
    """Yield the texts that may be cut."""
    if isinstance(value, str):
        if len(value) > SHORT_TEXT:
            yield value
    else:
        for member in _inside(value):
            yield from _texts(member)


def _sizes(value: Json) -> Iterator[int]:
    """Yield the number of members of each container."""
    if isinstance(value, (list, dict)):
        yield len(value)
        for member in _inside(value):
            yield from _sizes(member)


def _inside(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
