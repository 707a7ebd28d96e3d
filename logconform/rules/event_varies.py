"""Events that are not constant phrases."""

from __future__ import annotations

import re
from typing import Self

from logconform.findings import Finding
from logconform.records import Record
from logconform.rules.base import GatheringRule, Outcomes

DISTINCT_ALLOWED = 20
VARYING = re.compile(
    r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|\d+(?:[.,]\d+)*|'[^']*'|\"[^\"]*\"", re.IGNORECASE
)


class EventVaries(GatheringRule):
    """
    One logger writes events that differ only in a number, an id or a quoted word, without end.

    Each is then an event of its own in every dashboard; what varies belongs into fields.
    """

    requirement = "FMT008"
    fix = "Make `event` a constant phrase, and pass what varies as fields. Of a library's record, take `record.msg`."

    def __init__(self) -> None:
        # Bounded by the number of phrases, not of records: of each, the first events are kept, and one too many.
        self._first: dict[tuple[str, str], dict[str, Finding]] = {}

    def see(self, record: Record) -> Outcomes:
        event, logger = record.event, record.logger
        if event is None or logger is None:
            return
        phrase = VARYING.sub("…", event)
        if phrase == event:
            yield None
            return
        seen = self._first.setdefault((logger, phrase), {})
        if event not in seen and len(seen) <= DISTINCT_ALLOWED:
            told = f"is one of more than {DISTINCT_ALLOWED} events of {logger} like {phrase[:80]!r}"
            seen[event] = self.finding(told, record)

    def absorb(self, other: Self) -> None:
        for key, theirs in other._first.items():
            ours = self._first.get(key, {})
            for event, finding in theirs.items():
                known = ours.get(event)
                ours[event] = finding if known is None else min(known, finding, key=_position)
            kept = sorted(ours.items(), key=lambda item: item[1].position)[: DISTINCT_ALLOWED + 1]
            self._first[key] = dict(kept)

    def end(self) -> Outcomes:
        for seen in self._first.values():
            if len(seen) > DISTINCT_ALLOWED:
                yield max(seen.values(), key=_position)

    def seal(self) -> None:
        for seen in self._first.values():
            seen.update({event: finding.sealed() for event, finding in seen.items()})


def _position(finding: Finding) -> tuple[object, ...]:
    return finding.position
