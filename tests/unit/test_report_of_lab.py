"""What a run of the lab reports: the common rules' verdict and the scenarios' findings, each place once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from logconform.config import Config
from logconform.contract import load_contract
from logconform.findings import FINDINGS_KEPT, Finding, Verdict
from logconform.lab.run import LabRun, Planned, Settings
from logconform.records import Place

HERE = "prefork-embedded"


def at(line: int, message: str = "a rule saw it", **rest: Any) -> Finding:
    return Finding("RETRY003", message, Place("worker.log", line, line * 100), **rest)


def verdict_over(common: list[Finding], own: list[Finding]) -> Verdict:
    run = LabRun(load_contract(), Settings("app:app", Path(), None, ("prefork",), ("embedded",), Config()))
    run.planned = {"node": Planned("RETRY003", "Retries", "", "last attempt", (), HERE)}
    run.found = {"node": own}
    seen = Verdict()
    seen.found_all(common)
    lab: Any = SimpleNamespace(verdict=lambda: seen)
    return run._verdict(HERE, lab)


def figures(verdict: Verdict) -> tuple[int, list[tuple[str, int]]]:
    """Return the violations, and the totals of the causes."""
    totals = sorted((cause[3], places.total) for cause, places in verdict.causes.items())
    return verdict.counts["RETRY003"].violations, totals


def test_a_place_that_both_saw_is_the_scenarios() -> None:
    """The scenario knows the stimulus, so its words stay; counts, findings and causes agree."""
    made = verdict_over([at(1), at(2)], [at(2, "a scenario saw it"), at(3, "a scenario saw it")])
    assert figures(made) == (3, [("a rule saw it", 1), ("a scenario saw it", 2)])
    assert [(each.place and each.place.line, each.message) for each in made.findings] == [
        (1, "a rule saw it"),
        (2, "a scenario saw it"),
        (3, "a scenario saw it"),
    ]


def test_a_cause_that_scenarios_saw_whole_is_gone() -> None:
    """Nothing is left of a cause whose every place has a better one."""
    made = verdict_over([at(1)], [at(1, "a scenario saw it")])
    assert figures(made) == (1, [("a scenario saw it", 1)])


def test_totals_stay_exact_beyond_what_was_kept() -> None:
    """Of a thousand findings few are kept, and all but the doubled ones are counted."""
    made = verdict_over([at(line) for line in range(1, 1001)], [at(2, "a scenario saw it")])
    assert figures(made) == (1000, [("a rule saw it", 999), ("a scenario saw it", 1)])
    assert len(made.findings) == FINDINGS_KEPT


def test_what_two_scenarios_saw_at_one_place_counts_once() -> None:
    """Without a place, task and words tell findings apart."""
    nowhere = [Finding("RETRY003", "never seen", task_id=each) for each in ("a", "a", "b")]
    made = verdict_over([], [at(2), at(2, "seen again"), *nowhere])
    assert figures(made) == (3, [("never seen", 2), ("seen again", 1)])
