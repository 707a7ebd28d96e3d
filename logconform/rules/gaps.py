"""Whether lines were taken out of a sample before it was checked."""

from __future__ import annotations

from collections.abc import Collection

from logconform.rules.history import History
from logconform.rules.sample import Sample

GAPS_THAT_SHOW = 3
SHARE_THAT_SHOWS = 0.05
"""So many tasks without a start and as many without an ending, and such a share of all: lines were taken out."""


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
    if finished == 0:
        records = [record for history in histories for record in history.records]
        lines = sum(edge.lines for edge in sample.edges.values())
        return len(records) == lines and len({record.event for record in records}) == 1
    gaps = min(
        sum(_has_lost_its_start(history, sample) for history in histories),
        sum(_has_lost_its_ending(history, sample) for history in histories),
    )
    return gaps >= max(GAPS_THAT_SHOW, SHARE_THAT_SHOWS * finished)


def _has_lost_its_start(history: History, sample: Sample) -> bool:
    if history.starts or not (history.completions or history.retries):
        return False
    since = sample.since_opening(history.records[0])
    return since is not None and since > sample.longest


def _has_lost_its_ending(history: History, sample: Sample) -> bool:
    if not history.starts or history.retries or history.endings:
        return False
    silent = sample.silent_after(history.records[-1])
    return silent is not None and silent > sample.longest
