"""Waivers: which violation one covers, and which have outlived their reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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
        and not _is_past(waiver, today)
        and (waiver.environment is None or fnmatchcase(environment, waiver.environment))
    ]


def stale_waivers(
    waivers: Sequence[Waiver], fired: Collection[Waiver], today: date, *, must_fire: bool
) -> list[dict[str, Any]]:
    """Return the waivers that are past their date or, where *must_fire*, covered nothing, with the reason."""
    stale = []
    for waiver in waivers:
        if _is_past(waiver, today):
            stale.append(_stale(waiver, f"was to end on {waiver.until}"))
        elif must_fire and waiver not in fired:
            stale.append(_stale(waiver, "covers nothing that was found"))
    return stale


def _is_past(waiver: Waiver, today: date) -> bool:
    return waiver.until is not None and waiver.until < today


def _stale(waiver: Waiver, why: str) -> dict[str, Any]:
    return {
        "requirement": waiver.requirement,
        "reason": waiver.reason,
        "until": waiver.until.isoformat() if waiver.until else None,
        "environment": waiver.environment,
        "stale": why,
    }
