"""A walk over a whole sample that gathers what rules need to know of a task's surroundings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from logconform.records import Reading, Record
from logconform.rules.history import ENDINGS, LIFECYCLE, is_celery, is_further, text_value
from logconform.rules.sample import Edge, Sample, seconds

_TASK_ID = re.compile(rb'"task_id"\s*:\s*"([^"\\]{1,255})"')
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_STARTED = re.compile(
    r"(?i)\bworker\b.{0,40}\b(?:ready|start(?:s|ed|ing)?|boot(?:s|ed|ing)?|online|up)\b|^\S+@\S+ ready"
)
_STOPPED = re.compile(r"(?i)\bworker\b.{0,40}\b(?:stopped|shut ?down|exit(?:ed|s)|shutting down|terminated|offline)\b")
_IDENTIFIERS = ("tenant_id", "user_id")

Histories = Mapping[str, list[Record]]


@dataclass
class Survey:
    """Sees every line once, in the order of the sample, and then tells about the whole."""

    edges: dict[str, Edge] = field(default_factory=dict)
    orphans: set[str] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)
    torn_anywhere: bool = False
    _with_tasks: set[str] = field(default_factory=set)

    def see(self, record: Record, kind: str) -> None:
        """Take note of a record."""
        path = record.place.path
        edge = self.edges.get(path)
        if edge is None:
            edge = self.edges[path] = Edge()
        edge.lines = record.place.line
        at = seconds(record)
        if at is not None:
            if edge.first is None:
                edge.first = at
            if edge.last is None or at > edge.last:
                edge.last = at
            else:
                edge.disorder = max(edge.disorder, edge.last - at)
        if record.task_id is not None:
            self._with_tasks.add(path)
            edge.closed = -1
        elif kind in LIFECYCLE:
            self.orphans.add(kind)
        elif record.event is not None:
            self._see_worker(record, record.event, edge)

    def see_unreadable(self, reading: Reading) -> None:
        """Take note of a line that cannot be read, but may have been a record."""
        named = tasks_named_in(reading.raw)
        self.torn |= named
        self.torn_anywhere = self.torn_anywhere or (not named and _was_cut_short(reading.raw))

    def sample(self, histories: Histories, kinds: Mapping[int, str], *, whole: bool) -> Sample:
        """Return what the sample tells, now that all of it was seen; *kinds* of the records by their identity."""
        sample = Sample(whole, self.edges, orphans=self.orphans, torn=self.torn, torn_anywhere=self.torn_anywhere)
        if len(self.edges) == 1:
            sample.serial = _serial(histories, kinds)
        for task_id, records in histories.items():
            _note_task(sample, task_id, records, kinds)
        return sample

    def _see_worker(self, record: Record, event: str, edge: Edge) -> None:
        if record.place.path not in self._with_tasks and _STARTED.search(event):
            edge.opened = True
        elif _STOPPED.search(event) and not is_celery(record):
            edge.closed = record.place.offset


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
        return True  # cut at both ends: any piece of a record
    if not text or not text.endswith(b"}"):
        return not text
    if text.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return False
    return not text.startswith(b'{"') or _leaves_open(text)


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


def _serial(histories: Histories, kinds: Mapping[int, str]) -> tuple[int, ...]:
    """Return where each whole task begins, if no two tasks overlap in the stream; else nothing."""
    spans = sorted(
        (records[0].place.offset, records[-1].place.offset, kinds[id(records[0])], kinds[id(records[-1])])
        for records in histories.values()
    )
    if any(before[1] >= after[0] for before, after in pairwise(spans)):
        return ()
    return tuple(first for first, _, opens, closes in spans if opens == "task-start" and closes in ENDINGS)


def _note_task(sample: Sample, task_id: str, records: list[Record], kinds: Mapping[int, str]) -> None:
    began = previous = silence = None
    retried = False
    shown, hidden = sample.counts_retries is True, sample.counts_retries is False
    for record in records:
        kind, at = kinds[id(record)], seconds(record)
        if kind == "task-start":
            _note_start(sample, task_id, record)
            shown, hidden = shown or "retry_count" in record.members, hidden or (retried and not is_further(record))
            began, silence = at, 0.0
        elif at is not None and previous is not None and silence is not None:
            silence = max(silence, at - previous)
        retried = retried or kind == "task-retry"
        previous = at if at is not None else previous
        if (kind in ENDINGS or kind == "task-retry") and began is not None and at is not None and silence is not None:
            name = text_value(record, "task_name") or ""
            sample.finished[name] = sample.finished.get(name, 0) + 1
            sample.longest = max(sample.longest, at - began)
            sample.longest_silence = max(sample.longest_silence, silence)
            began = silence = None
    sample.counts_retries = False if hidden else True if shown else None


def _note_start(sample: Sample, task_id: str, start: Record) -> None:
    keys = start.get("kwargs_keys")
    for name in _IDENTIFIERS:
        if isinstance(keys, list) and name in keys and name in start.members:
            sample.owners.setdefault((name, str(start.get(name))), set()).add(task_id)
    correlation = text_value(start, "correlation_id")
    if correlation is not None:
        parent = text_value(start, "parent_task_id") or ""
        sample.correlations.setdefault(task_id, sample.correlations.get(parent, correlation))
