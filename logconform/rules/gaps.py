"""Whether lines were taken out of a sample before it was checked."""

from __future__ import annotations

from collections.abc import Collection

from logconform.rules.history import History
from logconform.rules.sample import Sample

GAPS_THAT_SHOW = 3
SHARE_THAT_SHOWS = 0.05
"""So many tasks without a start and as many without an ending, and such a share of all: lines were taken out."""
AT_END = 0.1
"""What stands in this share of a sample, at its beginning or its end, may have been cut off there."""


def is_selection(histories: Collection[History], sample: Sample) -> bool:
    """
    Whether lines seem to have been taken out, at random or by what they say; what is missing then says nothing.

    Starts without endings are then as common as endings without starts, far from both ends of the sample; or all
    that is left is one event.

    Args:
        histories: The tasks that are not known to be whole.
        sample: What all of the sample tells.
    """
    finished = sum(sample.finished.values())
    if finished == 0 and _is_one_event(histories, sample):
        return True
    ends = [history for history in histories if not history.starts and (history.completions or history.retries)]
    starts = [history for history in histories if history.starts and not (history.retries or history.endings)]
    if finished:
        ends = [
            history for history in ends if sample.edge(history.records[0]).share_before(history.records[0]) > AT_END
        ]
        starts = [each for each in starts if sample.edge(each.records[-1]).share_after(each.records[-1]) > AT_END]
    return min(len(ends), len(starts)) >= max(GAPS_THAT_SHOW, SHARE_THAT_SHOWS * finished)


def _is_one_event(histories: Collection[History], sample: Sample) -> bool:
    records = [record for history in histories for record in history.records]
    lines = sum(edge.lines for edge in sample.edges.values())
    return len(records) == lines and len({record.event for record in records}) == 1
