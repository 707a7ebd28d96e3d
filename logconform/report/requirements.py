"""How each requirement came out, in each environment and over all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from logconform.config import Waiver
from logconform.contract import Contract
from logconform.findings import Count, Finding, Verdict
from logconform.report.entries import clean_text
from logconform.report.results import Environment, EvidenceLine, ScenarioResult
from logconform.report.status import prevalence, status_of
from logconform.report.waivers import allowance, waivers_for
from logconform.report.words import plural


@dataclass(frozen=True, slots=True)
class _Part:
    """How a requirement came out in one environment."""

    count: Count
    status: str
    reason: str | None = None
    faults: Sequence[str] = ()
    waived: int | None = None
    """How many faults its waivers cover, where they say so."""


Faults = Mapping[str, Mapping[str, Collection[str]]]
"""The faults that were found, by environment and requirement; what one fault is, `logconform.lab.faults` says."""


@dataclass(slots=True)
class Judging:
    """
    What it takes to say how one requirement came out.

    `faults` is None where nobody counted them: a waiver's `count` is not judged then.
    """

    contract: Contract
    environments: Sequence[Environment]
    verdicts: Mapping[str, Verdict]
    scenarios: Sequence[ScenarioResult]
    waivers: Sequence[Waiver]
    profiles: Collection[str]
    reasons: Mapping[str, str]
    today: date
    faults: Faults | None = None
    fired: set[Waiver] = field(default_factory=set)
    """Waivers of something that was found, whether or not they cover all of it."""
    resting: set[Waiver] = field(default_factory=set)
    """Waivers that the verdict rests on: they cover all that was found somewhere."""
    spare: dict[Waiver, list[int]] = field(default_factory=dict)
    """How many faults fewer than allowed were found where a waiver covers."""

    def requirement(self, name: str) -> dict[str, Any]:
        """Return the report's entry of one requirement."""
        known = self.contract[name]
        parts = {each.name: self._within(name, each) for each in self.environments}
        total = sum((part.count for part in parts.values()), Count())
        violating = {part.status for part in parts.values() if part.count.violations}
        status = "waived" if violating == {"waived"} else status_of(str(known.level), total)
        return {
            "id": name,
            "level": str(known.level),
            "profile": known.profile,
            "judged": known.profile in self.profiles,
            "title": known.title,
            "status": status,
            **_counts(total),
            "reason": _joined(part.reason for part in parts.values() if part.status == status),
            "page": known.page,
            "environments": {
                key: {"status": part.status, **_counts(part.count), "reason": part.reason, **_counted(part)}
                for key, part in parts.items()
            },
        }

    def _within(self, name: str, environment: Environment) -> _Part:
        count = self.verdicts[environment.name].counts.get(name, Count())
        covering = waivers_for(name, environment.name, self.waivers, self.today) if count.violations else []
        status = status_of(str(self.contract[name].level), count)
        faults = self._faults(name, environment.name) if count.violations else ()
        if not covering:
            return _Part(count, status, self._reason(name, environment, status, count), faults)
        self.fired.update(covering)
        allowed = None if self.faults is None else allowance(covering)
        if allowed is not None and len(faults) > allowed:
            told = f"{plural(len(faults), 'fault')} now, {allowed:,} waived: what is new is among these"
            return _Part(count, status, told, faults, allowed)
        if self.contract[name].profile in self.profiles:
            self.resting.update(covering)
        if allowed is not None:
            for each in covering:
                self.spare.setdefault(each, []).append(allowed - len(faults))
        return _Part(count, "waived", _joined(each.reason for each in covering), faults, allowed)

    def _faults(self, name: str, environment: str) -> list[str]:
        found = (self.faults or {}).get(environment, {}).get(name, ())
        return sorted(map(clean_text, found))

    def _reason(self, name: str, environment: Environment, status: str, count: Count) -> str | None:
        if status not in {"not_tested", "inconclusive"}:
            return None
        told = [
            each.reason
            for each in self.scenarios
            if each.requirement == name and each.environment == environment.name and each.outcome == status
        ]
        if given := _joined([*told, self.reasons.get(name) if status == "not_tested" else None]):
            return given
        if environment.skipped:
            return clean_text(f"{environment.name} was skipped: {environment.skipped}")
        if status == "inconclusive":
            return f"{count.undecided} {'check' if count.undecided == 1 else 'checks'} could not be decided"
        profile = self.contract[name].profile
        if profile not in self.profiles:
            return f"the profile {profile} is not judged"
        return None


def with_scenarios(environment: str, verdict: Verdict | None, scenarios: Iterable[ScenarioResult]) -> Verdict:
    """
    Return *verdict* and what the scenarios of its environment add to it.

    A violated scenario is counted already where the verdict has findings of its requirement, and an exercise always.
    """
    merged = (verdict or Verdict()) + Verdict()
    told = {each.requirement for each in merged.findings}
    for result in scenarios:
        if result.environment != environment or result.outcome == "not_tested" or result.requirement is None:
            continue
        if result.outcome == "inconclusive":
            merged.undecided(result.requirement)
            continue
        merged.checked(result.requirement)
        if result.outcome != "passed" and result.requirement not in told:
            merged.found(_finding_of(result, result.requirement))
    return merged


def _finding_of(result: ScenarioResult, requirement: str) -> Finding:
    first = result.evidence[0] if result.evidence else EvidenceLine("")
    return Finding(
        requirement=requirement,
        message=result.reason or f"does not hold: {result.name}",
        place=first.place,
        evidence=first.text,
        scenario=result.id,
    )


def _counts(count: Count) -> dict[str, float | None]:
    return {
        "checked": count.checked,
        "violations": count.violations,
        "undecided": count.undecided,
        "prevalence": prevalence(count),
    }


def _counted(part: _Part) -> dict[str, Any]:
    told: dict[str, Any] = {"faults": list(part.faults)} if part.faults else {}
    return told if part.waived is None else {**told, "faults_waived": part.waived}


def _joined(reasons: Iterable[str | None]) -> str | None:
    return "; ".join(dict.fromkeys(clean_text(each) for each in reasons if each)) or None
