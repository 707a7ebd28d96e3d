"""Which waivers a report needs, and what becomes of those that are there."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from logconform.adopt.needs import TODO, needs, renewal
from logconform.config import Waiver
from logconform.report.model import Environment
from tests.unit.test_report_model import PREFORK, THREADS, finding, report, verdict

HERE, THERE = PREFORK.name, THREADS.name
TODAY = date(2026, 3, 1)


def made(here: dict[str, int], there: dict[str, int] | None = None, *waivers: Waiver) -> dict[str, Any]:
    """Return the report of a run with so many faults of each requirement, in one environment or two."""
    found = {HERE: here} if there is None else {HERE: here, THERE: there}
    verdicts = {
        place: verdict(
            *(finding(name) for name, count in each.items() if count), **dict.fromkeys(("FMT001", "RETRY003"), (1, 0))
        )
        for place, each in found.items()
    }
    faults = {
        place: {name: [f"fault {number}" for number in range(count)] for name, count in each.items()}
        for place, each in found.items()
    }
    environments = [PREFORK, THREADS][: len(found)]
    return report(verdicts, environments, faults=faults, waivers=waivers)


def waiver(count: int | None = 2, requirement: str = "RETRY003", **rest: Any) -> Waiver:
    return Waiver(requirement, "known", count=count, **rest)


NEEDED = [
    ({"RETRY003": 2}, None, [("RETRY003", None, 2)]),
    ({"FMT001": 1, "RETRY003": 2}, None, [("FMT001", None, 1), ("RETRY003", None, 2)]),
    ({"FMT008": 3}, None, []),
    ({"TRACE001": 3}, None, []),
    ({}, None, []),
    ({"RETRY003": 2}, {"RETRY003": 2}, [("RETRY003", None, 2)]),
    ({"RETRY003": 2}, {"RETRY003": 1}, [("RETRY003", HERE, 2), ("RETRY003", THERE, 1)]),
    ({"RETRY003": 2}, {}, [("RETRY003", HERE, 2)]),
]


@pytest.mark.parametrize(("here", "there", "waivers"), NEEDED)
def test_what_makes_the_verdict_fail_needs_a_waiver(
    here: dict[str, int], there: dict[str, int] | None, waivers: list[tuple[str, str | None, int]]
) -> None:
    """A MUST of a judged profile does; one waiver for all environments with as many faults, else one for each."""
    found = [each.waiver for each in needs(made(here, there))]
    assert [(each.requirement, each.environment, each.count) for each in found] == waivers
    assert {each.reason for each in found} <= {TODO}
    assert report_with(here, there, found) == ("conforms", [], [])


def report_with(
    here: dict[str, int], there: dict[str, int] | None, waivers: list[Waiver]
) -> tuple[str, list[Any], list[Any]]:
    summary = made(here, there, *waivers)["summary"]
    return summary["verdict"], summary["waivers_stale"], summary["waivers_loose"]


def test_until_is_written_into_each() -> None:
    """Whoever sets a date gets it everywhere."""
    assert [each.waiver.until for each in needs(made({"RETRY003": 1}), TODAY)] == [TODAY]


UPDATES = [
    ([waiver(2)], {"RETRY003": 2}, {0: 2}, []),
    ([waiver(5)], {"RETRY003": 2}, {0: 2}, []),
    ([waiver(2)], {}, {}, []),
    ([waiver(2)], {"RETRY003": 3}, {0: 2}, ["RETRY003"]),
    ([waiver(2)], {"RETRY003": 2, "FMT001": 1}, {0: 2}, ["FMT001"]),
    ([waiver(None)], {"RETRY003": 9}, {0: None}, []),
    ([waiver(3), waiver(3, until=date(2027, 1, 1))], {"RETRY003": 4}, {0: 3, 1: 1}, []),
    ([waiver(9), waiver(None, until=date(2027, 1, 1))], {"RETRY003": 4}, {0: 9, 1: None}, []),
    ([waiver(2, "TRACE001")], {"RETRY003": 0}, {0: 2}, []),
    ([waiver(2, until=date(2026, 1, 1))], {"RETRY003": 2}, {0: 2}, ["RETRY003"]),
]


@pytest.mark.parametrize(("waivers", "found", "kept", "uncovered"), UPDATES)
def test_an_update_only_takes_away(
    waivers: list[Waiver], found: dict[str, int], kept: dict[int, int | None], uncovered: list[str]
) -> None:
    """What covers nothing goes, counts fall to what is there, nothing is added; what was not looked at stays."""
    renewed = renewal(made(found), waivers, TODAY, force=False)
    assert {number: each.count for number, each in renewed.kept.items()} == kept
    assert (list(renewed.new), list(renewed.uncovered)) == ([], uncovered)


FORCED = [
    ([waiver(2)], {"RETRY003": 3}, None, {0: 3}, []),
    ([waiver(2)], {"RETRY003": 2, "FMT001": 1}, None, {0: 2}, [("FMT001", None, 1)]),
    ([waiver(2, until=date(2026, 1, 1))], {"RETRY003": 3}, None, {}, [("RETRY003", None, 3)]),
    ([waiver(2, environment="prefork-*")], {"RETRY003": 2}, {"RETRY003": 2}, {0: 2}, [("RETRY003", None, 2)]),
    ([waiver(2)], {"RETRY003": 4}, {"RETRY003": 3}, {0: 4}, []),
]


@pytest.mark.parametrize(("waivers", "here", "there", "kept", "new"), FORCED)
def test_force_accepts_what_is_there(
    waivers: list[Waiver],
    here: dict[str, int],
    there: dict[str, int] | None,
    kept: dict[int, int],
    new: list[tuple[str, str | None, int]],
) -> None:
    """Counts are raised, what is not covered gets a waiver, and what has ended is replaced: the run conforms."""
    renewed = renewal(made(here, there), waivers, TODAY, force=True)
    assert {number: each.count for number, each in renewed.kept.items()} == kept
    assert [(each.waiver.requirement, each.waiver.environment, each.waiver.count) for each in renewed.new] == new
    everything = [*renewed.kept.values(), *(each.waiver for each in renewed.new)]
    assert report_with(here, there, everything)[:2] == ("conforms", [])


def test_an_environment_that_was_left_out_is_no_reason(tmp_path: Any) -> None:
    """A broker that is missing here does not make a waiver one for each environment."""
    left_out = Environment(THERE, "threads", "rabbitmq", {}, "no broker")
    faults = {HERE: {"RETRY003": ["a"]}}
    whole = report({HERE: verdict(finding()), THERE: verdict()}, [PREFORK, left_out], faults=faults)
    assert [each.waiver.environment for each in needs(whole)] == [None]
