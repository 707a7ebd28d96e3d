"""Events that are not constant phrases."""

from __future__ import annotations

import re

from logconform.records import Record
from logconform.rules.base import Outcomes, StreamRule
from logconform.rules.history import Sample

DISTINCT_ALLOWED = 20
_VARYING = re.compile(
    r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|\d+(?:[.,]\d+)*|'[^']*'|\"[^\"]*\"", re.IGNORECASE
)


class EventVaries(StreamRule):
    """
    One logger writes events that differ only in a number, an id or a quoted word, without end.

    Each is then an event of its own in every dashboard; what varies belongs into fields.
    """

    requirement = "FMT008"
    fix = "Make `event` a constant phrase, and pass what varies as fields."

    def __init__(self) -> None:
        # Bounded by the number of phrases, not of records: a phrase is forgotten but for its count once it is too many.
        self._distinct: dict[tuple[str, str], set[str]] = {}

    def see(self, record: Record) -> Outcomes:
        event, logger = record.event, record.logger
        if event is None or logger is None:
            return
        phrase = _VARYING.sub("…", event)
        if phrase == event:
            yield None
            return
        seen = self._distinct.setdefault((logger, phrase), set())
        before = len(seen)
        if before <= DISTINCT_ALLOWED:
            seen.add(event)
        if len(seen) > DISTINCT_ALLOWED >= before:
            yield self.finding(
                f"is one of more than {DISTINCT_ALLOWED} events of {logger} like {phrase[:80]!r}", record
            )

    def end(self, sample: Sample) -> Outcomes:
        del sample
        yield from ()
