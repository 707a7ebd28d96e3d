"""How an exercise came out: what is wrong with the log of all that ran, and what became of the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logconform.contract import Contract, Level
from logconform.findings import Finding, Verdict
from logconform.lab.exercise import Account
from logconform.lab.outcome import Conclusion, findings_text
from logconform.report.results import ScenarioResult, Step
from logconform.secrets import redact_text

RULE = "Whatever the service's own command brings about keeps the contract"
STEP_STATUS = {"violated": "failed", "not_tested": "skipped"}
"""How the step came out that judges everything; `passed` for any other outcome."""


@dataclass
class Exercised:
    """What came of an exercise in one environment, and what is said of it."""

    command: str
    environment: str
    again: str
    """The command that runs it again."""
    account: Account
    verdict: Verdict
    conclusion: Conclusion | None = None

    def conclude(self, contract: Contract, binding: Sequence[Finding]) -> Conclusion:
        """Weigh the *binding* ones of the findings: of judged profiles, and not waived."""
        broken = [each for each in binding if contract[each.requirement].level is Level.MUST]
        outcome, told = self._outcome(broken, binding)
        reason = "; ".join(filter(None, [self.account.trouble, told])) or None
        parts = [
            self.account.text() if self.account.trouble else "",
            findings_text(list(broken), must=True) if broken else "",
            f"   = again: {self.again}",
        ]
        self.conclusion = Conclusion(outcome, reason, "\n".join(filter(None, parts)))
        return self.conclusion

    def _outcome(self, broken: Sequence[Finding], binding: Sequence[Finding]) -> tuple[str, str | None]:
        if self.account.untested:
            return "not_tested", self.account.untested
        if broken:
            return "violated", f"violated: {_names(broken)}"
        if self.account.trouble:
            return "inconclusive", None
        return ("warned", f"warned: {_names(binding)}") if binding else ("passed", None)

    @property
    def outcome(self) -> str:
        """How it came out; `not_tested` while nobody asked."""
        return self.conclusion.outcome if self.conclusion is not None else "not_tested"

    @property
    def title(self) -> str:
        """What it was, in two lines."""
        return f"exercise: {redact_text(self.command)}\n{self.account.much}"

    @property
    def result(self) -> ScenarioResult:
        """The entry of the report; it decides all requirements, and so belongs to none."""
        ran = "skipped" if self.account.left_out else "failed" if self.account.failed else "passed"
        return ScenarioResult(
            id=f"exercise[{self.environment}]",
            feature="Exercise",
            rule=RULE,
            name=redact_text(self.command),
            requirement=None,
            environment=self.environment,
            outcome=self.outcome,
            reason=self.conclusion.reason if self.conclusion is not None else None,
            steps=(
                Step("When", f"the command brings about {self.account.much}", ran),
                Step("Then", "everything that ran keeps the contract", STEP_STATUS.get(self.outcome, "passed")),
            ),
            duration_s=self.account.seconds,
            reproduce=None if self.outcome in {"passed", "not_tested"} else self.again,
        )


def _names(findings: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(each.requirement for each in findings))
