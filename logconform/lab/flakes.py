"""One scenario, run several times: what its runs come to together. Nothing that failed once is hidden."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from logconform.report.results import ScenarioResult

FAILED = {"violated", "warned"}
WORST_FIRST = ("violated", "warned", "inconclusive", "passed", "not_tested")


def merged(results: Iterable[ScenarioResult]) -> list[ScenarioResult]:
    """Return one result for each scenario and environment, in the order in which they first came."""
    runs: dict[tuple[str, str], list[ScenarioResult]] = {}
    for each in results:
        runs.setdefault((each.short_id or each.id, each.environment), []).append(each)
    return [together(each) for each in runs.values()]


def together(runs: Sequence[ScenarioResult]) -> ScenarioResult:
    """
    Return what the runs of one scenario come to: flaky where some failed and others passed, else the worst of them.

    What the worst run showed is kept: its steps, its evidence and its reason.
    """
    worst = min(runs, key=lambda each: WORST_FIRST.index(each.outcome))
    failed = sum(each.outcome in FAILED for each in runs)
    flaky = bool(failed) and any(each.outcome == "passed" for each in runs)
    alike = sum(each.outcome == worst.outcome for each in runs)
    reason = worst.reason
    if alike < len(runs) and worst.outcome not in {"passed", "not_tested"}:
        what = "failed" if failed else "could not be decided"
        reason = f"{what} in {failed or alike} of {len(runs)} runs" + (f": {reason}" if reason else "")
    return replace(
        worst,
        id=runs[0].id,
        outcome="flaky" if flaky else worst.outcome,
        reason=reason,
        runs=len(runs),
        failed=failed,
    )
