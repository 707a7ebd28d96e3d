"""Waivers: which violation one covers and how much of it, and which have outlived their reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from logconform.config import Waiver


def waivers_for(requirement: str, environment: str, waivers: Iterable[Waiver], today: date) -> list[Waiver]:
    """
    Return the waivers that cover a violation of *requirement* in *environment*.

    A waiver holds up to and including its `until`. Its `environment` is a name
    or a pattern (`threads-*`); without one it holds everywhere.
    """
    return [
        waiver
        for waiver in waivers
        if waiver.requirement == requirement
        and not is_past(waiver, today)
        and (waiver.environment is None or fnmatchcase(environment, waiver.environment))
    ]


def allowance(waivers: Iterable[Waiver]) -> int | None:
    """
    Return how many faults *waivers* cover together; None where one of them sets no limit.

    >>> allowance([Waiver("FMT001", "a", count=2), Waiver("FMT001", "b", count=1)])
    3
    >>> allowance([Waiver("FMT001", "a", count=2), Waiver("FMT001", "b")]) is None
    True
    """
    counts = [waiver.count for waiver in waivers]
    limits = [count for count in counts if count is not None]
    return sum(limits) if len(limits) == len(counts) else None


def stale_waivers(
    waivers: Sequence[Waiver], fired: Collection[Waiver], today: date, *, must_fire: bool
) -> list[dict[str, Any]]:
    """Return the waivers that are past their date or, where *must_fire*, covered nothing, with the reason."""
    stale = []
    for waiver in waivers:
        if is_past(waiver, today):
            stale.append({**_entry(waiver), "stale": f"was to end on {waiver.until}"})
        elif must_fire and waiver not in fired:
            stale.append({**_entry(waiver), "stale": "covers nothing that was found"})
    return stale


def loose_waivers(waivers: Sequence[Waiver], spare: Mapping[Waiver, Collection[int]]) -> list[dict[str, Any]]:
    """
    Return the waivers whose `count` is higher than it has to be, with the count that is enough.

    *spare* has how many faults fewer than allowed there were, for each environment that a waiver covered.
    """
    loose = []
    for waiver in dict.fromkeys(waivers):
        if waiver.count is None or waiver not in spare:
            continue
        enough = max(1, waiver.count - min(spare[waiver]))
        if enough < waiver.count:
            loose.append({**_entry(waiver), "count": waiver.count, "enough": enough})
    return loose


def is_past(waiver: Waiver, today: date) -> bool:
    """Whether the last day of a waiver is over."""
    return waiver.until is not None and waiver.until < today


def _entry(waiver: Waiver) -> dict[str, Any]:
    return {
        "requirement": waiver.requirement,
        "reason": waiver.reason,
        "until": waiver.until.isoformat() if waiver.until else None,
        "environment": waiver.environment,
    }
