"""A few outcomes, run for real, are what the page says."""

from __future__ import annotations

import pytest

from logconform.lab.brokers import BrokerUnavailable
from tests.outcomes.families import OUTCOMES
from tests.outcomes.runner import Job, run
from tests.outcomes.table import DATA, Table, installed_versions

JOBS = [
    Job("prefork (fork)", tuple(OUTCOMES[name] for name in ("success", "retry", "nested"))),
    Job("solo", (OUTCOMES["exception"], OUTCOMES["exit-0"])),
]


def test_some_outcomes_are_what_the_page_says() -> None:
    """Real workers on two pools do what the data has, signal by signal, to the worker's end."""
    kept = Table.from_json(DATA.read_text("utf-8"))
    if kept.versions != installed_versions():
        pytest.skip(f"the page was made with {kept.versions}")
    told: list[str] = []
    try:
        cells = run(JOBS, 2, told.append)
    except BrokerUnavailable as reason:
        pytest.skip(str(reason))
    wanted = {(each.name, job.pool) for job in JOBS for each in job.outcomes}
    assert len(told) == len(wanted)
    assert cells == {(outcome, pool): kept.cells[outcome][pool] for outcome, pool in wanted}
