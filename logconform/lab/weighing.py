"""From the checks of a scenario's question to what it came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from logconform.checks import fix_of
from logconform.contract import Level, Requirement
from logconform.findings import Finding
from logconform.lab.evidence import Seen
from logconform.lab.outcome import Conclusion, findings_text, unseen
from logconform.lab.stage import Trace

NOTHING_MAY_STOP = {"CTX013", "FMT010", "FMT011", "FMT014", "FAIL005", "FAIL008", "SINK005"}
"""Requirements that a worker violates by not going on at all."""
GO_ON = "Bound what is encoded, masked or cut before the work is done, and catch what it raises: the task must go on."


@dataclass(frozen=True, slots=True)
class About:
    """What is weighed: the requirement, the scenario by its node, where it ran, and the command that runs it again."""

    requirement: Requirement
    node: str
    environment: str
    again: str


def weigh(
    checks: Iterable[Finding | None], about: About, trace: Trace, view: Seen | None
) -> tuple[list[Finding], Conclusion]:
    """
    Return what speaks against the requirement, and what the question came to.

    Args:
        trace: How far the scenario came.
        view: What its worker wrote; None where it never came to a worker.
    """
    outcomes = list(checks)
    findings = [_completed(each, about) for each in outcomes if each is not None]
    hidden = [each for each in findings if each.place is None] if view is not None and view.log.truncated else []
    if trace.error and about.requirement.id in NOTHING_MAY_STOP:
        findings = [_completed(Finding(about.requirement.id, trace.error, fix=GO_ON), about)]
    elif trace.error or trace.blocked:
        findings = []  # what is missing then says nothing
    elif hidden:
        findings = [each for each in findings if each.place is not None]  # it may stand in what was not kept
    if findings:
        must = about.requirement.level is Level.MUST
        text = f"{findings_text(findings, must=must)}\n   = again: {about.again}"
        return findings, Conclusion("violated" if must else "warned", findings[0].message, text)
    if trace.error or trace.blocked:
        return [], Conclusion("inconclusive", trace.error or trace.blocked)
    if hidden:
        return [], Conclusion("inconclusive", "the worker wrote more than is kept of its log")
    return [], Conclusion("passed") if outcomes else Conclusion("not_tested", unseen(view))


def _completed(finding: Finding, about: About) -> Finding:
    return replace(
        finding,
        requirement=about.requirement.id,
        scenario=about.node,
        environment=about.environment,
        fix=finding.fix or fix_of(about.requirement.id),
    )
