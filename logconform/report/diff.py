"""
What changed between two conformance reports.

`diff_reports` gives a JSON-ready dictionary, as `diff_catalogs` does for two
catalogs; `schemas/diff.schema.json` describes both, and every format renders
it and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from logconform import __version__
from logconform.report.diff_input import Cause, Part, Report, Requirement
from logconform.report.status import MUST
from logconform.report.words import plural

DIFF_VERSION = "1.0"
WORSE = ("conforms", "inconclusive", "nothing_tested", "does_not_conform")
"""Verdicts, the best first."""
CHANGES = {
    "newly_violated": "newly violated",
    "prevalence_up": "prevalence up",
    "newly_untested": "newly untested",
    "newly_warned": "newly warned",
    "newly_inconclusive": "newly inconclusive",
    "newly_waived": "newly waived",
    "removed": "no longer a requirement",
    "added": "new requirement",
    "prevalence_down": "prevalence down",
    "fixed": "fixed",
    "newly_tested": "newly tested",
    "decided": "no longer inconclusive",
}
"""Kinds of change of a requirement, in the order in which they are told, with their words."""

_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|\d+(?:[.,]\d+)*")
_BROKEN = {"violated", "warned"}
_BECAME = {
    "violated": "newly_violated",
    "warned": "newly_warned",
    "waived": "newly_waived",
    "not_tested": "newly_untested",
    "inconclusive": "newly_inconclusive",
}
_LEFT = {"not_tested": "newly_tested", "inconclusive": "decided"}


def diff_reports(before: Report, after: Report, paths: tuple[str, str], fail_on: str = "violation") -> dict[str, Any]:
    """Return what changed from *before* to *after*; `regression` says whether *fail_on* counts it as one."""
    old, new = ({each.id: each for each in report.requirements} for report in (before, after))
    changes = [
        {**change, "regression": _is_regression(change, fail_on)}
        for name in {**old, **new}
        for change in _changes(name, old.get(name), new.get(name))
    ]
    changes.sort(key=lambda each: (not each["regression"], list(CHANGES).index(each["change"])))
    verdict = WORSE.index(after.summary.verdict) > WORSE.index(before.summary.verdict) and fail_on != "none"
    return {
        "diff_version": DIFF_VERSION,
        "kind": "report",
        "tool": {"name": "logconform", "version": __version__},
        "before": _side(before, paths[0]),
        "after": _side(after, paths[1]),
        "regression": verdict or any(each["regression"] for each in changes),
        "notes": list(_notes(before, after)),
        "changes": changes,
        **_causes(before, after),
    }


def change_of(before: Part, after: Part) -> str | None:
    """
    Return what kind of change it is from *before* to *after*, None where there is none.

    >>> violated = Part(status="violated", checked=1_000, violations=3)
    >>> change_of(Part(status="passed", checked=1_000, violations=0), violated)
    'newly_violated'
    >>> change_of(violated, Part(status="violated", checked=2_000, violations=5))
    'prevalence_down'
    """
    if before.status != after.status:
        return _BECAME.get(after.status) or _LEFT.get(before.status, "fixed")
    # Cross-multiplied: exact, also where nothing was checked.
    was, now = before.violations * _checks(after), after.violations * _checks(before)
    if was == now:
        return None
    return "prevalence_up" if now > was else "prevalence_down"


def _changes(name: str, before: Requirement | None, after: Requirement | None) -> Iterator[dict[str, Any]]:
    known = after or before
    assert known is not None
    about = {"requirement": name, "level": known.level, "title": known.title, "judged": known.judged}
    if before is None or after is None:
        kind = "removed" if after is None else "added"
        yield {"change": kind, **about, "environment": None, "before": _part(before), "after": _part(after)}
        return
    change = change_of(before, after)
    if change is not None:
        yield {"change": change, **about, "environment": None, "before": _part(before), "after": _part(after)}
    if before.status != after.status:
        return
    # The whole stayed as it was, or only moved in figures: one environment may still have come out otherwise.
    for place in sorted(before.environments.keys() & after.environments.keys()):
        was, now = before.environments[place], after.environments[place]
        if was.status != now.status and (inner := change_of(was, now)):
            yield {"change": inner, **about, "environment": place, "before": _part(was), "after": _part(now)}


def _is_regression(change: Mapping[str, Any], fail_on: str) -> bool:
    if fail_on == "none" or not change["judged"]:
        return False
    kind, before, after = change["change"], change["before"], change["after"]
    if kind in {"newly_violated", "newly_warned", "added", "prevalence_up"}:
        counted = {"violated"} if fail_on == "violation" else _BROKEN
        return after["status"] in counted
    if kind == "newly_untested":
        return before["status"] == "passed" and (change["level"] == MUST or fail_on == "warning")
    return False


def _part(part: Part | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {"status": part.status, "checked": _checks(part), "violations": part.violations}


def _checks(part: Part) -> int:
    """Return the number of checks: what broke was checked, also where nothing counted that."""
    return max(part.checked, part.violations)


def _side(report: Report, path: str) -> dict[str, Any]:
    return {
        "path": path,
        "contract_version": report.contract_version,
        "verdict": report.summary.verdict,
        "environments": [each.name for each in report.environments],
    }


def _notes(before: Report, after: Report) -> Iterator[str]:
    if before.contract_version != after.contract_version:
        yield f"judged against contract {before.contract_version} before, {after.contract_version} after"
    old, new = ({each.name for each in report.environments} for report in (before, after))
    if old - new:
        yield f"environments only before: {', '.join(sorted(old - new))}"
    if new - old:
        yield f"environments only after: {', '.join(sorted(new - old))}"
    was, now = ({each.id for each in report.requirements if each.judged} for report in (before, after))
    both = {each.id for each in before.requirements} & {each.id for each in after.requirements}
    if strangers := (was ^ now) & both:
        yield f"judged in one of them only: {', '.join(sorted(strangers))}"
    if before.summary.waivers != after.summary.waivers:
        yield f"rests on {plural(before.summary.waivers, 'waiver')} before, {after.summary.waivers:,} after"
    if (before.causes is None) != (after.causes is None):
        yield "causes are not compared: one of the reports has none, because an older logconform wrote it"


def _causes(before: Report, after: Report) -> dict[str, Any]:
    if before.causes is None or after.causes is None:
        return {"causes_new": [], "causes_gone": []}
    old, new = (_by_key(report.causes or []) for report in (before, after))
    return {
        "causes_new": [new[key] for key in new if key not in old],
        "causes_gone": [old[key] for key in old if key not in new],
    }


def _by_key(causes: list[Cause]) -> dict[tuple[str | None, ...], dict[str, Any]]:
    """Return causes by what makes them the same in two reports: figures and quoted words may differ."""
    totals: Counter[tuple[str | None, ...]] = Counter()
    first: dict[tuple[str | None, ...], Cause] = {}
    for each in causes:
        event = None if each.event is None else _VALUE.sub("…", each.event)
        key = (each.requirement, each.logger, event, _VALUE.sub("…", each.message))
        totals[key] += each.total
        first.setdefault(key, each)
    return {key: {**each.model_dump(), "total": totals[key]} for key, each in first.items()}
