"""What a check found: findings, counts, and the verdict that adds them up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from logconform.records import Place

FINDINGS_KEPT = 50
"""Findings kept per requirement; the counts stay exact."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a requirement does not hold.

    `evidence` is an excerpt of the record, already redacted; `scenario` the
    pytest node id, where a scenario found it.
    """

    requirement: str
    message: str
    place: Place | None = None
    task_id: str | None = None
    evidence: str = ""
    fix: str = ""
    scenario: str | None = None
    environment: str | None = None

    def within(self, *, scenario: str | None = None, environment: str | None = None) -> Finding:
        """Return the same finding, told where it was made."""
        return replace(self, scenario=scenario or self.scenario, environment=environment or self.environment)

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two findings the same one, whoever reported it."""
        if self.place is not None:
            return (self.requirement, self.environment, self.place)
        return (self.requirement, self.environment, self.task_id, self.message)


@dataclass(frozen=True, slots=True)
class Count:
    """How often a requirement was checked, did not hold, and could not be decided.

    >>> Count(checked=2) + Count(checked=1, violations=1)
    Count(checked=3, violations=1, undecided=0)
    """

    checked: int = 0
    violations: int = 0
    undecided: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.checked + other.checked, self.violations + other.violations, self.undecided + other.undecided)


@dataclass(slots=True)
class Verdict:
    """Counts per requirement, and the first findings of each. Addition is associative."""

    counts: dict[str, Count] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def checked(self, requirement: str, times: int = 1) -> None:
        """Count that *requirement* was checked."""
        self.counts[requirement] = self.counts.get(requirement, Count()) + Count(checked=times)

    def undecided(self, requirement: str, times: int = 1) -> None:
        """Count that *requirement* could not be decided."""
        self.counts[requirement] = self.counts.get(requirement, Count()) + Count(undecided=times)

    def found(self, finding: Finding) -> None:
        """Count *finding* as a violation, and keep it unless there are enough of its requirement."""
        before = self.counts.get(finding.requirement, Count())
        self.counts[finding.requirement] = before + Count(violations=1)
        if before.violations < FINDINGS_KEPT:
            self.findings.append(finding)

    def found_all(self, findings: Iterable[Finding]) -> None:
        """Count each of *findings*."""
        for finding in findings:
            self.found(finding)

    def only(self, requirements: Iterable[str]) -> Verdict:
        """Return the part of the verdict that is about *requirements*."""
        kept = set(requirements)
        return Verdict(
            {name: count for name, count in self.counts.items() if name in kept},
            [finding for finding in self.findings if finding.requirement in kept],
        )

    def __add__(self, other: Verdict) -> Verdict:
        counts = dict(self.counts)
        for name, count in other.counts.items():
            counts[name] = counts.get(name, Count()) + count
        kept: dict[str, int] = {}
        findings = []
        for finding in [*self.findings, *other.findings]:
            kept[finding.requirement] = kept.get(finding.requirement, 0) + 1
            if kept[finding.requirement] <= FINDINGS_KEPT:
                findings.append(finding)
        return Verdict(counts, findings)
