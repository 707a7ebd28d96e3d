"""
The report: what was judged, and how each requirement of the contract came out.

`build_report` turns verdicts, scenarios and waivers into the JSON-ready
dictionary that `schemas/conformance-report.schema.json` describes. Every
output format renders that dictionary and nothing else. The same input gives
the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from logconform import __version__
from logconform.config import DEFAULT_PROFILES, Waiver
from logconform.contract import Contract
from logconform.findings import FINDINGS_KEPT, Finding, Verdict
from logconform.report.causes import cause_entries
from logconform.report.entries import clean, environment_entry, finding_entry, scenario_entry
from logconform.report.requirements import Faults, Judging, with_scenarios
from logconform.report.results import Environment, EvidenceLine, ScenarioResult, Step
from logconform.report.status import MUST, exit_code, floor_percent, tally, verdict_of
from logconform.report.waivers import loose_waivers, stale_waivers

__all__ = ["Environment", "EvidenceLine", "ScenarioResult", "Step", "build_report", "exit_code"]

REPORT_VERSION = "1.0"


def build_report(
    contract: Contract,
    verdicts: Mapping[str, Verdict],
    *,
    subject: Mapping[str, Any],
    environments: Sequence[Environment],
    scenarios: Sequence[ScenarioResult] = (),
    waivers: Sequence[Waiver] = (),
    waivers_must_fire: bool = True,
    profiles: Collection[str] = DEFAULT_PROFILES,
    reasons: Mapping[str, str] | None = None,
    today: date | None = None,
    faults: Faults | None = None,
) -> dict[str, Any]:
    """
    Return the report over *verdicts*, one per name of an environment.

    A scenario counts as one check of its requirement and, where it is violated
    or flaky, as one violation with a finding of its own, unless the verdict
    already holds findings of that requirement. *reasons* says why a requirement was not
    tested. *waivers_must_fire* is for a whole run: a sample need not show every
    defect, so there a waiver is stale only when it is past its date. *faults*
    are what a waiver's `count` is held against; without them it is not judged.

    Raises:
        ValueError: If a verdict or scenario names an unknown environment or requirement.
    """
    _refuse_unknown(contract, verdicts, environments, scenarios)
    places = sorted(environments, key=lambda each: each.name)
    order = {name: index for index, name in enumerate(contract)}
    results = sorted(scenarios, key=lambda each: (order.get(each.requirement or "", -1), each.environment, each.id))
    merged = {each.name: with_scenarios(each.name, verdicts.get(each.name), results) for each in places}
    judging = Judging(
        contract, places, merged, results, waivers, profiles, reasons or {}, today or date.today(), faults
    )
    requirements = [judging.requirement(name) for name in contract]
    stale = clean(stale_waivers(waivers, judging.fired, judging.today, must_fire=waivers_must_fire))
    loose = clean(loose_waivers(waivers, judging.spare)) if waivers_must_fire else []
    return {
        "report_version": REPORT_VERSION,
        "contract_version": contract.version,
        "tool": {"name": "logconform", "version": __version__},
        "subject": clean(dict(subject)),
        "environments": [environment_entry(each) for each in places],
        "summary": {
            **_summary(requirements, profiles, stale),
            "waivers": len(judging.resting),
            "waivers_loose": loose,
        },
        "requirements": requirements,
        "findings": [finding_entry(contract, each) for each in _ordered(merged, order)],
        "findings_total": {each["id"]: each["violations"] for each in requirements if each["violations"]},
        "causes": cause_entries(contract, merged),
        "scenarios": [scenario_entry(each) for each in results],
    }


def _refuse_unknown(
    contract: Contract,
    verdicts: Mapping[str, Verdict],
    environments: Iterable[Environment],
    scenarios: Iterable[ScenarioResult],
) -> None:
    places = {*verdicts, *(each.environment for each in scenarios)}
    if strangers := places - {each.name for each in environments}:
        raise ValueError(f"no such environment: {', '.join(sorted(strangers))}")
    names = {name for verdict in verdicts.values() for name in verdict.counts}
    names |= {each.requirement for verdict in verdicts.values() for each in verdict.findings}
    names |= {each.requirement for each in scenarios if each.requirement is not None}
    if strangers := names - set(contract):
        raise ValueError(f"no such requirement in the contract: {', '.join(sorted(strangers))}")


def _summary(
    requirements: Sequence[Mapping[str, Any]], profiles: Collection[str], stale: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    judged = [each for each in requirements if each["judged"]]
    counts = tally(judged)
    return {
        "verdict": verdict_of(judged, stale_waivers=bool(stale)),
        "counts": counts,
        "passed_percent": floor_percent(counts["passed"], len(judged)),
        "must": tally(each for each in judged if each["level"] == MUST),
        "should": tally(each for each in judged if each["level"] != MUST),
        "profiles": {
            name: _profile([each for each in requirements if each["profile"] == name], name in profiles, stale)
            for name in dict.fromkeys(each["profile"] for each in requirements)
        },
        "waivers_stale": list(stale),
    }


def _profile(members: Sequence[Mapping[str, Any]], judged: bool, stale: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    names = {each["id"] for each in members}
    counts = tally(members)
    return {
        "judged": judged,
        "verdict": verdict_of(members, stale_waivers=any(each["requirement"] in names for each in stale)),
        "counts": counts,
        "passed_percent": floor_percent(counts["passed"], len(members)),
    }


def _ordered(verdicts: Mapping[str, Verdict], order: Mapping[str, int]) -> list[Finding]:
    """Every finding by requirement, environment and place, at most FINDINGS_KEPT of each environment."""
    everything: list[Finding] = []
    for environment, verdict in verdicts.items():
        kept: dict[str, int] = {}
        for each in verdict.findings:
            kept[each.requirement] = kept.get(each.requirement, 0) + 1
            if kept[each.requirement] <= FINDINGS_KEPT:
                everything.append(each.within(environment=environment))
    return sorted(everything, key=lambda each: (order[each.requirement], each.environment or "", *_position(each)))


def _position(finding: Finding) -> tuple[bool, int, str, int, str, str, str]:
    return (*finding.position, finding.scenario or "")
