"""Which waivers the state of a service needs, and what becomes of those that it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from logconform.config import Waiver
from logconform.report.status import MUST
from logconform.report.waivers import allowance, is_past, waivers_for

TODO = "TODO: why is this accepted, and what ends it?"
"""The reason that is left to fill in."""


@dataclass(frozen=True, slots=True)
class Need:
    """A waiver that is to be written, what it is about, and the faults that it covers."""

    waiver: Waiver
    title: str
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What becomes of the waivers that are there, by their number, and which ones are new."""

    kept: Mapping[int, Waiver]
    """What stays, lowered or raised; what is missing here goes."""
    new: Sequence[Need] = ()
    uncovered: Sequence[str] = ()
    """Requirements that are violated beyond what is waived, and stay so."""


def needs(report: Mapping[str, Any], until: date | None = None) -> list[Need]:
    """
    Return the waivers that make the verdict of *report* conform: of each violated MUST of a judged profile.

    One covers all environments where each has as many faults; else there is one for each.
    """
    return [each for requirement in report["requirements"] for each in _needs_of(report, requirement, until)]


def renewal(
    report: Mapping[str, Any], waivers: Sequence[Waiver], today: date, *, force: bool, until: date | None = None
) -> Renewal:
    """
    Return what becomes of *waivers*: what covers nothing goes, counts are lowered to what a whole run found.

    What *report* leaves out, or does not judge, is left as it is.

    With *force* today's state is accepted: counts are raised too, and what is not waived is.
    Without it, nothing ever becomes more than it was.
    """
    found = _found(report)
    judged = {each["id"] for each in report["requirements"] if each["judged"]}
    kept = {
        number: waiver
        for number, waiver in enumerate(waivers)
        if waiver.requirement not in judged or any(_covers(waiver, *key) for key in found)
    }
    for number in reversed(list(kept)):
        kept[number] = _lowered(kept, number, found, today)
    if force:
        return _accepted(report, {n: each for n, each in kept.items() if not is_past(each, today)}, today, until)
    short = [each.waiver.requirement for each in needs(report) if _shortage(report, each, kept.values(), today) > 0]
    return Renewal(kept, uncovered=list(dict.fromkeys(short)))


def _accepted(report: Mapping[str, Any], kept: Mapping[int, Waiver], today: date, until: date | None) -> Renewal:
    """Raise the count of a waiver that covers all places of a need, or write a new one for what is not covered."""
    raised, new = dict(kept), []
    for need in needs(report, until):
        shortage = _shortage(report, need, raised.values(), today)
        if shortage <= 0:
            continue
        places = _places(report, need)
        fit = [n for n, each in raised.items() if all(_covers(each, need.waiver.requirement, one) for one in places)]
        if fit:
            raised[fit[0]] = replace(raised[fit[0]], count=(raised[fit[0]].count or 0) + shortage)
        else:
            new.append(replace(need, waiver=replace(need.waiver, count=shortage)))
    return Renewal(raised, new)


def _shortage(report: Mapping[str, Any], need: Need, waivers: Iterable[Waiver], today: date) -> int:
    """Return how many faults of *need* the *waivers* leave uncovered, where it is most."""
    known, count = list(waivers), need.waiver.count or 0
    covering = [waivers_for(need.waiver.requirement, place, known, today) for place in _places(report, need)]
    allowed = [allowance(each) for each in covering]
    return max(0 if each is None else count - each for each in allowed)


def _places(report: Mapping[str, Any], need: Need) -> list[str]:
    if need.waiver.environment is not None:
        return [need.waiver.environment]
    return _ran(report)


def _ran(report: Mapping[str, Any]) -> list[str]:
    return [each["name"] for each in report["environments"] if not each["skipped"]]


def _needs_of(report: Mapping[str, Any], requirement: Mapping[str, Any], until: date | None) -> Iterator[Need]:
    if requirement["level"] != MUST or not requirement["judged"]:
        return
    parts = {name: part for name, part in requirement["environments"].items() if part["violations"]}
    counts = {_count(part) for part in parts.values()}
    if len(counts) == 1 and set(_ran(report)) == set(parts):
        faults = sorted({fault for part in parts.values() for fault in part.get("faults", ())})
        yield _need(requirement, counts.pop(), None, faults, until)
        return
    for name, part in parts.items():
        yield _need(requirement, _count(part), name, part.get("faults", ()), until)


def _need(
    requirement: Mapping[str, Any], count: int, environment: str | None, faults: Sequence[str], until: date | None
) -> Need:
    return Need(Waiver(requirement["id"], TODO, until, environment, count), requirement["title"], faults)


def _count(part: Mapping[str, Any]) -> int:
    return max(1, len(part.get("faults", ())))


def _found(report: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Return the number of faults of what is violated or waived, by requirement and environment."""
    return {
        (each["id"], name): _count(part)
        for each in report["requirements"]
        for name, part in each["environments"].items()
        if part["violations"]
    }


def _covers(waiver: Waiver, requirement: str, environment: str) -> bool:
    return bool(waivers_for(requirement, environment, [replace(waiver, until=None)], date.min))


def _lowered(kept: Mapping[int, Waiver], number: int, found: Mapping[tuple[str, str], int], today: date) -> Waiver:
    """Return a waiver with no higher count than its environments need, given the others."""
    waiver = kept[number]
    if waiver.count is None:
        return waiver
    spare = []
    for (name, environment), count in found.items():
        covering = waivers_for(name, environment, kept.values(), today)
        if waiver in covering:
            allowed = allowance(covering)
            spare.append(0 if allowed is None else allowed - count)
    return replace(waiver, count=max(1, waiver.count - max(0, min(spare, default=0))))
