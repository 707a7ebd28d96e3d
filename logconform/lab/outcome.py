"""How a scenario's question came out, and how a person reads what was found."""

from __future__ import annotations

from dataclasses import dataclass

from logconform.findings import Finding
from logconform.lab.evidence import Log, Seen, said
from logconform.report.words import printable

FINDINGS_SHOWN = 3


class Violated(AssertionError):
    """A requirement does not hold; the text shows where, and the remedy."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a scenario's question came to."""

    outcome: str
    reason: str | None = None
    text: str = ""


def unseen(view: Seen | None) -> str:
    """Say that nothing showed what was asked, and why, where the whole log says it."""
    where = ""
    if view is not None and not view.log.records and view.log.stderr:
        where = ": the worker writes to standard error, and its log stream is standard output"
    elif view is not None and _drops_fields(view.log):
        where = ": what a call gives as `extra` is in no record; name the service's own way to log with --adapter"
    return f"no record in the log that this could be seen on{where}"


def _drops_fields(log: Log) -> bool:
    """Whether what the probes say is in the log, and the fields that they say it with are not."""
    spoken = [record for record in log.records if str(record.event).startswith("Probe ")]
    return bool(spoken) and all(said(record, "probe") is None for record in spoken)


def worse(first: Conclusion | None, second: Conclusion) -> Conclusion:
    """Return the one of two conclusions that a scenario with two questions comes to."""
    order = ["violated", "warned", "inconclusive", "passed", "not_tested"]
    if first is None:
        return second
    return min(first, second, key=lambda each: order.index(each.outcome))


def findings_text(findings: list[Finding], *, must: bool) -> str:
    """Return the first of *findings* as a person reads them, and how many more there are."""
    text = "\n".join(finding_text(each, must=must) for each in findings[:FINDINGS_SHOWN])
    more = len(findings) - FINDINGS_SHOWN
    return f"{text}\n… and {more} more" if more > 0 else text


def finding_text(finding: Finding, *, must: bool) -> str:
    """Return a finding as a person reads it: requirement, what is wrong, where, evidence, remedy."""
    kind = "violation" if must else "warning"
    where = f"{finding.place.path}:{finding.place.line}" if finding.place else "the log stream"
    lines = [f"{finding.requirement} {kind}: {printable(finding.message)}"]
    lines.append(f"  --> {where}" + (f"  task {printable(finding.task_id)}" if finding.task_id else ""))
    lines += [f"   | {printable(finding.evidence)}"] if finding.evidence else []
    lines += [f"   = fix: {finding.fix}"] if finding.fix else []
    return "\n".join([*lines, f"   = more: logconform explain {finding.requirement}"])
