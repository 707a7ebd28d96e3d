"""The causes of all findings, in the order in which a report tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from logconform.contract import Contract
from logconform.findings import PLACES_KEPT, Cause, Places, Verdict
from logconform.report.entries import cause_entry

_NOWHERE = (True, 1, "", 0, "", "")  # behind every position of a finding


def cause_entries(contract: Contract, verdicts: Mapping[str, Verdict]) -> list[dict[str, Any]]:
    """Return the entries of all causes, by requirement, environment and first place."""
    order = {name: index for index, name in enumerate(contract)}
    rows = [
        (order[cause[0]], environment, _position(places), tuple(each or "" for each in cause), cause, places)
        for environment, verdict in verdicts.items()
        for cause, places in _causes(verdict)
    ]
    rows.sort(key=lambda row: row[:4])
    return [cause_entry(contract, environment, cause, places) for _, environment, _, _, cause, places in rows]


def _causes(verdict: Verdict) -> Iterator[tuple[Cause, Places]]:
    """Yield causes with their places; one that lost its first places shows others that were kept."""
    for cause, places in verdict.causes.items():
        if places.first:
            yield cause, places
        else:
            kept = [each for each in verdict.findings if each.cause == cause]
            yield cause, replace(places, first=tuple(kept[:PLACES_KEPT]))


def _position(places: Places) -> tuple[bool, int, str, int, str, str]:
    return places.first[0].position if places.first else _NOWHERE
