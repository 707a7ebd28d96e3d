"""
What rules need to know of a task's surroundings, gathered part by part.

A `Survey` of one part of a sample adds up with those of the others, in any order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import orjson

from logconform.records import Place, Reading, Record
from logconform.rules.history import ENDINGS, LIFECYCLE, History, is_celery, is_further, text_value
from logconform.rules.sample import Edge, Sample, instant, seconds

SPANS_KEPT = 2_000
"""Samples of more tasks tell by other means whether their worker had one slot."""
TORN_KEPT = 5_000
"""Where more tasks are named in torn lines, any task may be."""

_TASK_ID = re.compile(rb'"task_id"\s*:\s*"([^"\\]{1,255})"')
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_STARTED = re.compile(
    r"(?i)\bworker\b.{0,40}\b(?:ready|start(?:s|ed|ing)?|boot(?:s|ed|ing)?|online|up)\b|^\S+@\S+ ready"
)
_STOPPED = re.compile(r"(?i)\bworker\b.{0,40}\b(?:stopped|shut ?down|exit(?:ed|s)|shutting down|terminated|offline)\b")

Where = tuple[int, str]
"""A source: its number, its path."""


@dataclass(slots=True)
class Stretch:
    """
    Adjoining lines of one source. Times in seconds, the rest are offsets; -1 where there is none.

    `drop`: by how much a time lies below an earlier one, at most.
    """

    lines: int = 0
    first: float | None = None
    highest: float | None = None
    lowest: float | None = None
    drop: float = 0.0
    worker_started: int = -1
    worker_stopped: int = -1
    first_task: int = -1
    last_task: int = -1

    def see_time(self, at: float) -> None:
        """Take note of one record's time."""
        if self.first is None or self.highest is None or self.lowest is None:
            self.first = self.highest = self.lowest = at
            return
        self.drop = max(self.drop, self.highest - at)
        self.highest, self.lowest = max(self.highest, at), min(self.lowest, at)

    def see_times(self, stamps: Sequence[str]) -> None:
        """Take note of all records' valid timestamps at once, in the order of the stream."""
        if not stamps:
            return
        ordered = sorted(stamps)
        if ordered != stamps:
            late = {(high, at) for high, at in zip(accumulate(stamps, max), stamps, strict=True) if at < high}
            self.drop = max(self.drop, *(_valid(high) - _valid(at) for high, at in late))
        self.first, self.lowest, self.highest = _valid(stamps[0]), _valid(ordered[0]), _valid(ordered[-1])

    def see_task(self, offset: int) -> None:
        """Take note of a task's record."""
        self.first_task = offset if self.first_task < 0 else min(self.first_task, offset)
        self.last_task = max(self.last_task, offset)

    def see_worker(self, record: Record) -> None:
        """Take note of a record that no task wrote."""
        event, offset = record.event or "", record.place.offset
        if _STARTED.search(event):
            self.worker_started = offset if self.worker_started < 0 else min(self.worker_started, offset)
        if _STOPPED.search(event) and not is_celery(record):
            self.worker_stopped = max(self.worker_stopped, offset)


def _valid(stamp: str) -> float:
    return instant(stamp) or 0.0


@dataclass(slots=True)
class Span:
    """Where a task's records begin and end in its source; whether the first is its start, the last an ending."""

    begin: int
    end: int
    opens: bool
    closes: bool

    def __add__(self, other: Span) -> Span:
        first, last = min(self, other, key=lambda span: span.begin), max(self, other, key=lambda span: span.end)
        return Span(first.begin, last.end, first.opens, last.closes)


@dataclass(slots=True)
class Survey:
    """What was seen of a sample so far; addition is associative and commutative."""

    stretches: dict[tuple[Where, int], Stretch] = field(default_factory=dict)
    orphans: set[str] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)
    torn_anywhere: bool = False
    spans: dict[str, Span] | None = field(default_factory=dict)
    finished: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    longest_silence: float = 0.0
    retries_shown: bool = False
    retries_hidden: bool = False

    def stretch(self, place: Place) -> Stretch:
        """Return the stretch that begins at *place*."""
        return self.stretches.setdefault(((place.source, place.path), place.offset), Stretch())

    def see(self, record: Record, kind: str, stretch: Stretch) -> None:
        """Take note of a record: of all but its time and its task's history."""
        if record.task_id is not None:
            stretch.see_task(record.place.offset)
        elif kind in LIFECYCLE:
            self.orphans.add(kind)
        elif record.event is not None:
            stretch.see_worker(record)

    def see_unreadable(self, reading: Reading) -> None:
        """Take note of a line that cannot be read, but may have been a record."""
        named = tasks_named_in(reading.raw)
        self.torn |= named
        self.torn_anywhere = self.torn_anywhere or (not named and _was_cut_short(reading.raw))
        self._bound_torn()

    def see_span(self, task_id: str, span: Span) -> None:
        """Take note of where a task's records stand; tasks of several sources overlap anyhow."""
        if self.spans is None:
            return
        known = self.spans.get(task_id)
        self.spans[task_id] = span if known is None else known + span
        if len(self.spans) > SPANS_KEPT:
            self.spans = None

    def see_history(self, history: History) -> None:
        """Take note of how long a task's executions took, and of whether retries say that they are."""
        began = previous = silence = None
        retried = False
        for record in history.records:
            kind, at = history.kind(record), seconds(record)
            if kind == "task-start":
                self.retries_shown = self.retries_shown or "retry_count" in record.members
                self.retries_hidden = self.retries_hidden or (retried and not is_further(record))
                began, silence = at, 0.0
            elif at is not None and previous is not None and silence is not None:
                silence = max(silence, at - previous)
            retried = retried or kind == "task-retry"
            previous = at if at is not None else previous
            ends = kind in ENDINGS or kind == "task-retry"
            if ends and began is not None and at is not None and silence is not None:
                self.see_finished(text_value(record, "task_name") or "", at - began, silence)
                began = silence = None

    def see_finished(self, name: str, took: float, silence: float, times: int = 1) -> None:
        """Take note of finished executions; *took* and *silence* are the longest of theirs, in seconds."""
        self.finished[name] += times
        self.longest = max(self.longest, took)
        self.longest_silence = max(self.longest_silence, silence)

    def __add__(self, other: Survey) -> Survey:
        total = Survey(
            {**self.stretches, **other.stretches},
            self.orphans | other.orphans,
            self.torn | other.torn,
            self.torn_anywhere or other.torn_anywhere,
            None if self.spans is None or other.spans is None else dict(self.spans),
            self.finished + other.finished,
            max(self.longest, other.longest),
            max(self.longest_silence, other.longest_silence),
            self.retries_shown or other.retries_shown,
            self.retries_hidden or other.retries_hidden,
        )
        for task_id, span in (other.spans or {}).items():
            total.see_span(task_id, span)
        total._bound_torn()
        return total

    def sample(self, *, whole: bool) -> Sample:
        """Return what the sample tells, now that all of it was seen."""
        edges = self._edges()
        return Sample(
            whole,
            edges,
            serial=_serial(self.spans or {}) if len(edges) == 1 else (),
            finished=self.finished,
            longest=self.longest,
            longest_silence=self.longest_silence,
            orphans=self.orphans,
            torn=self.torn,
            torn_anywhere=self.torn_anywhere,
            counts_retries=False if self.retries_hidden else True if self.retries_shown else None,
        )

    def _bound_torn(self) -> None:
        if len(self.torn) > TORN_KEPT or (self.torn_anywhere and self.torn):
            self.torn, self.torn_anywhere = set(), True

    def _edges(self) -> dict[str, Edge]:
        by_path: dict[str, list[Stretch]] = {}
        for (where, _), stretch in sorted(self.stretches.items(), key=lambda item: item[0]):
            by_path.setdefault(where[1], []).append(stretch)
        return {path: _edge(stretches) for path, stretches in by_path.items()}


def _edge(stretches: Sequence[Stretch]) -> Edge:
    """Join the stretches of one source, in order."""
    edge = Edge()
    started = [each.worker_started for each in stretches if each.worker_started >= 0]
    tasks = [each.first_task for each in stretches if each.first_task >= 0]
    edge.begin = min(tasks, default=-1)
    edge.opened = bool(started) and (not tasks or min(started) < min(tasks))
    stopped, spoke = max(each.worker_stopped for each in stretches), max(each.last_task for each in stretches)
    edge.closed, edge.end = stopped if stopped > spoke else -1, spoke
    for each in stretches:
        edge.lines += each.lines
        if each.first is None or each.highest is None or each.lowest is None:
            continue
        edge.first = each.first if edge.first is None else edge.first
        edge.disorder = max(edge.disorder, each.drop, 0.0 if edge.last is None else edge.last - each.lowest)
        edge.last = each.highest if edge.last is None else max(edge.last, each.highest)
    return edge


def is_worker_event(record: Record) -> bool:
    """Whether a record may be a worker's word on its own start or end."""
    event = record.event or ""
    return bool(_STARTED.search(event) or _STOPPED.search(event))


def tasks_named_in(raw: bytes) -> set[str]:
    """Return what may be task ids in a line that cannot be read.

    >>> tasks_named_in(b'{"task_id": "a1", "event": "Task comple')
    {'a1'}
    """
    text = raw.replace(b"\0", b"")  # UTF-16 and UTF-32 are ASCII with zeros
    return {found.decode("utf-8", "replace") for found in (*_TASK_ID.findall(text), *_UUID.findall(text))}


def is_end_of_a_record(reading: Reading) -> bool:
    """Whether an unreadable first line looks like the rest of a record whose beginning was cut off."""
    text = reading.raw.strip()
    if reading.record is not None:
        return False
    if not reading.raw.endswith(b"\n"):
        return not _is_array(text)  # cut at both ends: any piece of a record
    if not text or not text.endswith(b"}"):
        return not text
    if text.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return False
    return not text.startswith(b'{"') or _leaves_open(text)


def _is_array(text: bytes) -> bool:
    """Whether a text is a whole array of objects: records that were exported so, and no piece of one."""
    if not (text.startswith(b"[") and text.endswith(b"]")):
        return False
    try:
        items = orjson.loads(text)
    except ValueError:
        return False
    return bool(items) and all(type(item) is dict for item in items)


def _leaves_open(text: bytes) -> bool:
    """Whether an object at the beginning of *text* is followed by more of the one around it."""
    depth = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[{}]', text):
        depth += {b"{": 1, b"}": -1}.get(token[0], 0)
        if depth == 0 and token[0] == b"}":
            return text[token.end() :].lstrip()[:1] in (b",", b"]", b"}")
    return False


def _was_cut_short(raw: bytes) -> bool:
    """Whether a line looks like the beginning or the end of a record, without the part that says of which task."""
    text = raw.replace(b"\0", b"").strip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return text.startswith(b"{") != text.endswith(b"}") and (b'"' in text or text in (b"{", b"}"))


def span_of(records: Sequence[Record], kinds: Iterable[str]) -> Span:
    """Return the span of a task's *records*, with their *kinds* in the same order."""
    known = list(kinds)
    return Span(records[0].place.offset, records[-1].place.offset, known[0] == "task-start", known[-1] in ENDINGS)


def _serial(spans: dict[str, Span]) -> Sequence[int]:
    """Return where each whole task begins, if no two tasks overlap in the stream; else nothing."""
    ordered = sorted(spans.values(), key=lambda span: (span.begin, span.end))
    if any(before.end >= after.begin for before, after in pairwise(ordered)):
        return ()
    return tuple(span.begin for span in ordered if span.opens and span.closes)
