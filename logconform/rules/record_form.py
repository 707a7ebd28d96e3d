"""What every record is held to beyond its schema: its size, and the order of its first members."""

from __future__ import annotations

from logconform.records import MAX_BYTES, Record
from logconform.rules.base import Outcomes, StreamRule

SHORT_BYTES = 16_384
FIRST = ["timestamp", "level", "service", "logger", "event"]


class RecordTooLongForRuntimes(StreamRule):
    """A record longer than 16,384 bytes: container runtimes split it into pieces."""

    requirement = "FMT012"
    fix = "Cut long values, tracebacks above all, before they are written."

    def see(self, record: Record) -> Outcomes:
        long = SHORT_BYTES < len(record.raw) <= MAX_BYTES  # beyond, FMT011 says it
        yield self.finding(f"has {len(record.raw):,} bytes; at most {SHORT_BYTES:,}", record) if long else None


class BaseFieldsNotFirst(StreamRule):
    """The base fields do not come first, in their order; a person then cannot read the raw log."""

    requirement = "FMT015"
    fix = "Put timestamp, level, service, logger, event first when the record is encoded."

    def see(self, record: Record) -> Outcomes:
        names = list(record.members)
        if names[:5] == FIRST:
            yield None
            return
        present = [name for name in FIRST if name in record.members]
        wrong = names[: len(present)] != present
        yield self.finding(f"begins {', '.join(names[:5])}", record) if wrong else None
