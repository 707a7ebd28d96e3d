"""The table of the logging core says what was measured, and never makes it look better."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.log_ways import RECORDS, TASKS
from tests.benchmarks.logging_core import DJANGO_STRUCTLOG, GUIDE, OURS, PYTHON_JSON_LOGGER, STRUCTLOG, Results
from tests.benchmarks.rotation import Rotated

ROOT = Path(__file__).parents[2]


def measured(lost: int = 0) -> Results:
    return Results(
        calls=40_000,
        rounds=2,
        info={
            OURS: [10.004e-6, 20e-6],
            STRUCTLOG: [9e-6, 10e-6],
            GUIDE: [39.9e-6],
            PYTHON_JSON_LOGGER: [20.1e-6],
        },
        debug={OURS: [0.1e-6], STRUCTLOG: [0.2e-6], GUIDE: [3e-6], PYTHON_JSON_LOGGER: [0.3e-6]},
        instrumentation={OURS: [30.01e-6], DJANGO_STRUCTLOG: [30e-6]},
        rotated=[
            Rotated("ours", 1_600_000, lost, 0, 500, 10.0),
            Rotated("library", 160_000, 0, 0, 50, 3.01),
            Rotated("standard", 160_000, 60_000, 1, 20, 1.0),
        ],
    )


def test_ratios_are_rounded_for_the_worse_and_met_only_where_they_are() -> None:
    """Three and nine tenths times as fast does not read as four."""
    lines = {line.about: (line.ratio, line.met) for line in measured().lines() if line.wanted}
    assert lines == {
        "one record: structlog, fastest set-up": ("1.12 × its time", True),
        "one record: the guide's set-up": ("3.9 × as fast", False),
        "one record: python-json-logger": ("2.0 × as fast", True),
        "below the level: structlog, fastest set-up": ("0.50 × its time", True),
        "a task's instrumentation: django-structlog": ("1.01 × its time", False),
        "rotation: ours": ("", True),
        "rotation: library": ("3.0 × its throughput", True),
    }


def test_a_lost_record_is_told() -> None:
    """One of 1.6 million is one too many."""
    line = next(line for line in measured(lost=1).lines() if line.about == "rotation: ours")
    assert line.measured == "1,600,000 records in 500 files, 160,000 records/s: 1 lost, 0 torn"
    assert line.met is False


@pytest.mark.parametrize("way", [*RECORDS, *TASKS])
def test_each_way_writes_what_it_is_measured_at(way: str) -> None:
    """Each ends with figures only if the records are in its file, with the members that count."""
    command = [sys.executable, "-m", "tests.benchmarks.log_ways", way, "20"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr
    assert all(seconds > 0 for seconds in json.loads(told.stdout).values())
