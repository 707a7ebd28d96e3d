"""What several runs of one scenario come to together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from logconform.lab.flakes import merged, together
from logconform.report.results import ScenarioResult

ONE = ScenarioResult("node", "Retries", "", "last attempt", "RETRY003", "prefork-embedded", "passed", short_id="R-1")


def runs(*outcomes: str) -> list[ScenarioResult]:
    return [
        replace(ONE, id=f"run {number}", outcome=outcome, reason=None if outcome == "passed" else f"{outcome} {number}")
        for number, outcome in enumerate(outcomes, 1)
    ]


@pytest.mark.parametrize(
    ("outcomes", "together_is", "failed", "reason"),
    [
        (["passed"], "passed", 0, None),
        (["violated"], "violated", 1, "violated 1"),
        (["passed", "passed"], "passed", 0, None),
        (["violated", "violated"], "violated", 2, "violated 1"),
        (["passed", "violated", "passed"], "flaky", 1, "failed in 1 of 3 runs: violated 2"),
        (["warned", "passed"], "flaky", 1, "failed in 1 of 2 runs: warned 1"),
        (["inconclusive", "violated"], "violated", 1, "failed in 1 of 2 runs: violated 2"),
        (["passed", "inconclusive"], "inconclusive", 0, "could not be decided in 1 of 2 runs: inconclusive 2"),
        (["not_tested", "passed"], "passed", 0, None),
        (["not_tested", "not_tested"], "not_tested", 0, "not_tested 1"),
    ],
)
def test_what_failed_once_is_not_hidden(outcomes: list[str], together_is: str, failed: int, reason: str | None) -> None:
    """Passed and failed is flaky; what differs otherwise comes out as its worst run."""
    result = together(runs(*outcomes))
    assert (result.outcome, result.failed, result.runs, result.reason) == (together_is, failed, len(outcomes), reason)
    assert result.id == "run 1"


def test_scenarios_are_told_apart_by_identifier_and_environment() -> None:
    """The order is that of the first run."""
    other, elsewhere = replace(ONE, short_id="R-2"), replace(ONE, environment="solo-embedded")
    results = merged([ONE, other, elsewhere, replace(other, outcome="violated"), ONE, elsewhere])
    assert [(each.short_id, each.environment, each.outcome, each.runs) for each in results] == [
        ("R-1", "prefork-embedded", "passed", 2),
        ("R-2", "prefork-embedded", "flaky", 2),
        ("R-1", "solo-embedded", "passed", 2),
    ]
