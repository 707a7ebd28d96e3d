"""What the suite is for: 200 tasks, three faults in them, and a report of exactly three causes, each at its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from logconform.cli import main
from tests.benchmarks import sample

FAULTS = {"leak": "CTX005", "lost": "FAIL001", "repeated-key": "FMT002"}


def generated(seed: int) -> list[tuple[str, int]]:
    """Write `worker.log` with the generator's own command, and return what it says it planted: requirement, line."""
    options = [word for fault in FAULTS for word in ("--fault", fault)]
    done = CliRunner().invoke(sample.main, ["--tasks", "200", "--seed", str(seed), *options, "--output", "worker.log"])
    assert done.exit_code == 0, done.stderr
    told = [line.partition(": ")[2].split(" at line ") for line in done.stderr.splitlines()]
    return sorted((requirement, int(line)) for requirement, line in told)


def check(*options: str) -> Result:
    return CliRunner().invoke(main, ["check", "worker.log", *options])


@pytest.mark.parametrize("seed", range(1, 9))
def test_three_faults_are_three_causes(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One leaked tenant, one lost failure and one repeated key: each a cause of one place, at the line it stands in."""
    monkeypatch.chdir(tmp_path)
    planted = generated(seed)
    assert [requirement for requirement, _ in planted] == sorted(FAULTS.values())
    result = check("--format", "json")
    made: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == 1
    assert sorted((cause["requirement"], [place["line"] for place in cause["places"]]) for cause in made["causes"]) == [
        (requirement, [line]) for requirement, line in planted
    ]
    assert [cause["total"] for cause in made["causes"]] == [1, 1, 1]
    assert sorted((each["requirement"], each["line"]) for each in made["findings"]) == planted
    failed = {each["id"]: each["violations"] for each in made["requirements"] if each["violations"]}
    assert failed == dict.fromkeys(FAULTS.values(), 1)


def test_people_see_the_three_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text names each requirement with the file and the line."""
    monkeypatch.chdir(tmp_path)
    planted = generated(7)
    lines = check().stdout.splitlines()
    for requirement, line in planted:
        at = next(number for number, each in enumerate(lines) if each.startswith(f"{requirement} violation: "))
        assert lines[at + 1].startswith(f"  --> worker.log:{line}")
    assert sum(" violation: " in each for each in lines) == 3
