"""From counts to a status, from statuses to a verdict, from a verdict to an exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from logconform.findings import Count

STATUSES = ("passed", "violated", "warned", "not_tested", "inconclusive", "waived")
VERDICTS = ("conforms", "does_not_conform", "nothing_tested", "inconclusive")
MUST = "MUST"


def status_of(level: str, count: Count) -> str:
    """
    Return the status of a requirement of *level* that was checked as *count* says.

    >>> status_of("MUST", Count(checked=3, violations=1)), status_of("SHOULD", Count(violations=1))
    ('violated', 'warned')
    >>> status_of("MUST", Count(checked=1, undecided=5)), status_of("MUST", Count(undecided=5))
    ('passed', 'inconclusive')
    >>> status_of("MUST", Count())
    'not_tested'
    """
    if count.violations:
        return "violated" if level == MUST else "warned"
    if count.checked:
        return "passed"
    return "inconclusive" if count.undecided else "not_tested"


def verdict_of(requirements: Iterable[Mapping[str, Any]], *, stale_waivers: bool = False) -> str:
    """
    Return the verdict over *requirements* of a report, each with `level`, `status`, `checked` and `violations`.

    Where nothing was checked the verdict is `nothing_tested`, also with stale
    waivers: they can't have had anything to cover.
    """
    judged = list(requirements)
    if any(each["status"] == "violated" for each in judged):
        return "does_not_conform"
    if not any(each["checked"] or each["violations"] for each in judged):
        return "nothing_tested"
    if stale_waivers:
        return "does_not_conform"
    if any(each["status"] == "inconclusive" and each["level"] == MUST for each in judged):
        return "inconclusive"
    return "conforms"


def tally(requirements: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many of *requirements* have each status; every status is named."""
    counts = dict.fromkeys(STATUSES, 0)
    for each in requirements:
        counts[each["status"]] += 1
    return counts


def floor_percent(part: int, whole: int) -> int:
    """
    Return *part* in whole per cent of *whole*, rounded down: only all of it is 100.

    >>> floor_percent(9_997, 10_000), floor_percent(3, 3), floor_percent(0, 0)
    (99, 100, 0)
    """
    return part * 100 // whole if whole else 0


def prevalence(count: Count) -> float | None:
    """
    Return the violations of a requirement as a part of its checks, rounded down to four decimals.

    What is violated at all has at least 0.0001, and only what never held has 1.0.
    Where nothing was checked it is None. What broke was checked, also where
    nothing counted that.

    >>> prevalence(Count(checked=4_803, violations=12)), prevalence(Count(checked=3))
    (0.0024, 0.0)
    >>> prevalence(Count(checked=1_000_000, violations=1)), prevalence(Count(violations=2)), prevalence(Count())
    (0.0001, 1.0, None)
    """
    checks = max(count.checked, count.violations)
    if not checks:
        return None
    return max(count.violations * 10_000 // checks, min(count.violations, 1)) / 10_000


def exit_code(report: Mapping[str, Any], fail_on: str = "violation") -> int:
    """
    Return the exit code for *report*: 0 conforms, 1 does not, 3 nothing was tested or could be decided.

    `fail_on="warning"` fails for a warning of a judged profile too, `fail_on="none"`
    never for what was found. Nothing tested is 3 in every case.
    """
    summary = report["summary"]
    if summary["verdict"] == "nothing_tested":
        return 3
    if summary["verdict"] == "does_not_conform":
        return 0 if fail_on == "none" else 1
    if fail_on == "warning" and summary["counts"]["warned"]:
        return 1
    return 3 if summary["verdict"] == "inconclusive" else 0
