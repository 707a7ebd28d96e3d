"""Causes by weight, for formats that show only some of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from logconform.report.words import kind_of_finding

VIOLATION, WARNING = "violation", "warning"


class Ranked(NamedTuple):
    """A cause, its requirement, and what it is called: a violation, a warning, or what decides nothing."""

    kind: str
    requirement: Mapping[str, Any]
    cause: Mapping[str, Any]


def ranked(report: Mapping[str, Any]) -> list[Ranked]:
    """Return all causes: violations first, then warnings; of those, each requirement's first before any second one."""
    turns: list[tuple[int, int, int]] = []
    found = list(in_order(report))
    seen: Counter[str] = Counter()
    for index, (kind, requirement, _) in enumerate(found):
        weight = [VIOLATION, WARNING, kind].index(kind)
        turns.append((weight, seen[requirement["id"]], index))
        seen[requirement["id"]] += 1
    return [found[index] for *_, index in sorted(turns)]


def in_order(report: Mapping[str, Any]) -> Iterator[Ranked]:
    """Yield all causes in the order of the report."""
    known = {each["id"]: each for each in report["requirements"]}
    for cause in report["causes"]:
        requirement = known[cause["requirement"]]
        yield Ranked(kind_of_finding(requirement, cause), requirement, cause)
