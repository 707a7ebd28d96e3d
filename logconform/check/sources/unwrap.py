"""From the lines of a wrapped source to the lines that the process wrote."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from logconform.check.sources.envelopes import CRI_STAMP, ENVELOPES, Entry
from logconform.records import HARD_LIMIT

PlaceInBlock = tuple[int, int]
"""A line within its block, from 0, and the byte at which it begins in its unpacked stream."""


@dataclass(frozen=True, slots=True)
class Lines:
    """
    The records of a block.

    *text* has their bytes, each ended by a newline, but maybe for the last of
    a stream. *places* says where each begins; None: they are the lines of the
    block, one after the other. *physical* counts the block's lines. *stderr*
    has the indices of the records that a shipper saw on standard error.
    *problems* are lines whose record the shipper left out, and its remedy.
    """

    text: bytes
    places: Sequence[PlaceInBlock] | None
    physical: int
    stderr: frozenset[int] = frozenset()
    problems: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class _Open:
    place: PlaceInBlock
    stderr: bool
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0


class Joiner:
    """
    Unwraps line by line, and joins what a shipper split.

    *joining* has the records that go on, by stream; *problems* grows with what was left out.
    """

    def __init__(self, envelope: str | None) -> None:
        self._parse = ENVELOPES[envelope] if envelope else None
        self.joining: dict[str, _Open] = {}
        self.problems: list[tuple[int, str]] = []

    def feed(self, line: bytes, place: PlaceInBlock) -> Iterator[tuple[bytes, bool, PlaceInBlock]]:
        """Yield the record that *line* ends, if it does: its bytes, whether it is from standard error, its place."""
        yield from self.add(line, self._parse(line) if self._parse else None, place)

    def add(self, line: bytes, entry: Entry | None, place: PlaceInBlock) -> Iterator[tuple[bytes, bool, PlaceInBlock]]:
        """Do as `feed`, for a line whose *entry* was read."""
        if entry is None:
            if not self.joining or line.endswith(b"\n"):
                yield line, False, place
            return  # the end of a file cuts one record, not two
        if entry.text is None:
            if entry.lost:
                self.problems.append((place[0], entry.lost))
            return
        if entry.whole and entry.stream not in self.joining:
            yield entry.text, entry.stderr, place
            return
        opened = self.joining.setdefault(entry.stream, _Open(place, entry.stderr))
        opened.pieces.append(entry.text)
        opened.size += len(entry.text)
        if entry.whole or opened.size > HARD_LIMIT:
            del self.joining[entry.stream]
            yield _ended(b"".join(opened.pieces)), opened.stderr, opened.place

    def flush(self) -> Iterator[tuple[bytes, bool, PlaceInBlock]]:
        """Yield what is still open; only the last of it is left without a newline."""
        rest = sorted(self.joining.values(), key=lambda each: not each.stderr)
        self.joining = {}
        for number, opened in enumerate(rest, 1):
            text = b"".join(opened.pieces)
            yield text if number == len(rest) else _ended(text), opened.stderr, opened.place


class Unwrapper:
    """
    Unwraps a stream as it comes, line by line. No *envelope*: the lines are the records.

    >>> unwrapper = Unwrapper("cri")
    >>> unwrapper.feed(b'2025-09-12T20:05:03Z stdout P {"event": \\n')
    []
    >>> unwrapper.feed(b'2025-09-12T20:05:03Z stdout F "x"}\\n')
    [(b'{"event": "x"}\\n', False)]
    """

    def __init__(self, envelope: str | None) -> None:
        self._joiner = Joiner(envelope)

    def feed(self, line: bytes) -> list[tuple[bytes, bool]]:
        """Return the records that *line* ends, and whether they are from standard error."""
        return [(text, stderr) for text, stderr, _ in self._joiner.feed(line, (0, 0))]

    def flush(self) -> list[tuple[bytes, bool]]:
        """Return what is still open, as far as it came."""
        return [(text, stderr) for text, stderr, _ in self._joiner.flush()]

    def problems(self) -> list[str]:
        """Return what the shipper left out since the last time."""
        told, self._joiner.problems = [problem for _, problem in self._joiner.problems], []
        return told


def unwrap(envelope: str | None, data: bytes, offset: int) -> Lines:
    """Return the records of *data*, lines that begin at byte *offset* of their stream."""
    if envelope is None:
        return Lines(data, None, _count(data))
    return (_cri_at_once(data, offset) if envelope == "cri" else None) or _one_by_one(envelope, data, offset)


def _one_by_one(envelope: str, data: bytes, offset: int) -> Lines:
    joiner, parse = Joiner(envelope), ENVELOPES[envelope]
    lines = io.BytesIO(data).readlines()
    made: list[tuple[bytes, bool, PlaceInBlock]] = []
    for number, line in enumerate(lines):
        entry = parse(line)
        if entry is not None and entry.whole and entry.text is not None and not joiner.joining:
            made.append((entry.text, entry.stderr, (number, offset)))
        else:
            made += joiner.add(line, entry, (number, offset))
        offset += len(line)
    made += joiner.flush()
    texts: list[bytes] = []
    places: list[PlaceInBlock] = []
    stderr: list[int] = []
    made = [each for each in made if each[0]]
    for text, error, place in made:
        records = max(_count(text), 1)  # a newline within an entry begins another record
        stderr += range(len(places), len(places) + records) if error else ()
        places += [place] * records
        texts.append(text if len(texts) + 1 == len(made) else _ended(text))
    return Lines(b"".join(texts), places, len(lines), frozenset(stderr), tuple(joiner.problems))


def _cri_at_once(data: bytes, offset: int) -> Lines | None:
    """Unwrap by splitting at spaces, where every entry is a whole line; else None."""
    ended = data.endswith(b"\n")
    lines = (data[:-1] if ended else data).split(b"\n")
    parts = [line.split(b" ", 3) for line in lines]
    try:
        text = b"\n".join([part[3] for part in parts])
    except IndexError:
        return None
    streams = [part[1] for part in parts]
    if {part[2] for part in parts} != {b"F"} or not {b"stdout", b"stderr"}.issuperset(streams):
        return None
    if not all(map(CRI_STAMP.fullmatch, [part[0] for part in parts])):
        return None
    stderr = [number for number, stream in enumerate(streams) if stream == b"stderr"]
    begins = accumulate([len(line) + 1 for line in lines[:-1]], initial=offset)
    places = list(enumerate(begins))
    if not ended and not parts[-1][3]:  # cut off before its text began: no record
        places.pop()
    return Lines(
        text + b"\n" if ended else text, places, len(lines), frozenset(stderr).intersection(range(len(places)))
    )


def _count(text: bytes) -> int:
    return text.count(b"\n") + (not text.endswith(b"\n") and bool(text))


def _ended(text: bytes) -> bytes:
    return text if text.endswith(b"\n") else text + b"\n"
