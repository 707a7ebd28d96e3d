"""What a live judge has counted so far, and which of it is news."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from logconform.check.live_tasks import Acquaintances, Recent
from logconform.court import is_cut, line_checks, line_finding, stream_rules
from logconform.findings import Finding, Verdict
from logconform.records import Reading, Record
from logconform.rules import UNDECIDED, GatheringRule, IfBound, Outcome

_GATHER_LINES = 1_000_000  # after so many lines the rules over many records begin anew: phrases may have no end
_TOLD_KEPT = 10_000


class Counts:
    """Counts checks and findings, and gives back the findings. The verdict keeps few of them, and no line's bytes."""

    def __init__(self, acquaintances: Acquaintances) -> None:
        self.lines = self.objects = 0
        self._acquaintances = acquaintances
        self._verdict = Verdict()
        self._checked: Counter[str] = Counter()
        self._rules = stream_rules(one_worker=False)
        self._begun = 0
        self._told: Recent[tuple[str | None, str], bool] = Recent(_TOLD_KEPT)

    def defects(self, reading: Reading) -> list[Finding]:
        """Count what is wrong with a line as such."""
        found = []
        for defect in reading.defects:
            if is_cut(reading, defect.requirement, defect.message):
                self._verdict.undecided(defect.requirement)
            else:
                message = f"{defect.message} (byte {defect.offset} of the line)"
                found.append(line_finding(reading, defect.requirement, message))
        return self.found(found)

    def record(self, record: Record) -> list[Finding]:
        """Count what the rules over single records say."""
        found: list[Finding] = []
        for rule in self._rules:
            for outcome in rule.see(record):
                found += self.outcome(rule.requirement, outcome)
        return found

    def checked(self, requirements: Iterable[str]) -> None:
        """Count that *requirements* were checked."""
        self._checked.update(requirements)

    def outcome(self, requirement: str, outcome: Outcome) -> list[Finding]:
        """Count what a rule of *requirement* says."""
        if outcome is UNDECIDED:
            self._verdict.undecided(requirement)
            return []
        if isinstance(outcome, IfBound):
            if not any(self._acquaintances.has(name, value) for name, value in outcome.members):
                return []
            outcome = outcome.finding
        self._checked[requirement] += 1
        return self.found([outcome]) if isinstance(outcome, Finding) else []

    def found(self, findings: Iterable[Finding]) -> list[Finding]:
        """Count findings."""
        found = list(findings)
        for finding in found:
            place = finding.place
            if place is not None and self._verdict.has_earlier(finding.cause, place.source, place.offset):
                self._verdict.found_more(finding.cause)
            else:
                self._verdict.found(finding.sealed())
        return found

    def gather(self) -> list[Finding]:
        """Ask the rules over many records for what they have not said before."""
        found: list[Finding] = []
        for rule in self._rules:
            if not isinstance(rule, GatheringRule):
                continue
            for outcome in rule.end():
                if isinstance(outcome, Finding) and (outcome.logger, outcome.message) not in self._told:
                    self._told.put((outcome.logger, outcome.message), True)
                    found += self.outcome(rule.requirement, outcome)
            rule.seal()
        if self.lines - self._begun >= _GATHER_LINES:
            self._begun, self._rules = self.lines, stream_rules(one_worker=False)
        return found

    def verdict(self) -> Verdict:
        """Return the verdict on everything."""
        self._checked.update(line_checks(self.lines, self.objects))
        for requirement, times in self._checked.items():
            self._verdict.checked(requirement, times)
        self._checked.clear()
        return self._verdict.sealed()
