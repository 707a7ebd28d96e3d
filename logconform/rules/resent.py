"""
Lines that are in a sample twice because they were collected twice: equal, to the microsecond.

A log file has what the console has, and shippers deliver whole batches at least
once. What two handlers write stands side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

from logconform.records import Place, Record
from logconform.rules.sample import Sample, seconds

BESIDE_BYTES = 8_192
"""So near to each other, two equal lines of one source were written twice."""
BATCH_LINES = 2
"""So many lines of a task, there again farther on, tell of a batch; of a single one, its writer may be at fault."""


def collected_once(records: list[Record], sample: Sample) -> list[Record]:
    """
    Return a task's records without those that were collected again.

    Raises:
        Unsettled: If only the whole sample tells whether its shipper sent batches again.
    """
    elsewhere, again = _repeated(records)
    if again and sample.resent:
        elsewhere |= again
    return [record for record in records if id(record) not in elsewhere] if elsewhere else records


def is_resent(records: Sequence[Record]) -> bool:
    """Whether a task's records show that a batch was sent again."""
    return len(_repeated(records)[1]) >= BATCH_LINES


def _repeated(records: Sequence[Record]) -> tuple[set[int], set[int]]:
    """Return which records repeat one of another source, and which one of their own source, farther back."""
    elsewhere: set[int] = set()
    again: set[int] = set()
    if len({record.raw for record in records}) == len(records):
        return elsewhere, again
    last: dict[bytes, Place] = {}
    for record in records:
        known, here = last.setdefault(record.raw, record.place), record.place
        if known is here or seconds(record) is None:
            continue
        if (known.source, known.path) != (here.source, here.path):
            elsewhere.add(id(record))
        elif abs(here.offset - known.offset) - len(record.raw) > BESIDE_BYTES:
            again.add(id(record))
        else:
            last[record.raw] = here
    return elsewhere, again
