"""The suite takes nothing from the repository where it runs, whatever the repository has for its own tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from logconform.checks import features_folder
from logconform.lab import suite
from tests.integration.hostile_repository import ENVIRONMENT, TAKEN, write_plugin, write_repository

PATIENCE = 60.0


def test_nothing_of_the_repository_is_taken_for_the_suites_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features below a repository with settings, conftest.py, plugins and packages of the same names are all found."""
    site = tmp_path / ".venv" / "site-packages"
    site.mkdir(parents=True)
    shutil.copytree(features_folder(), site / "features", ignore=shutil.ignore_patterns("__pycache__"))
    write_plugin(site)
    monkeypatch.chdir(write_repository(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "src"), str(site)]))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        [*suite.pytest_command(site / "features"), "--collect-only", "--quiet"],
        env=suite.pytest_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    collected = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(collected) > 100
    assert {line.partition("::")[0] for line in collected} == {"features/test_features.py"}
    assert list(tmp_path.rglob(".pytest_cache")) == []


@pytest.mark.parametrize("option", ["--report", "--report-junit"])
def test_a_report_that_has_no_folder_costs_no_run(option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told before the first worker starts."""
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-m", "logconform", "run", option, "out/report"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert "logconform: out/report: there is no folder out; create it first" in done.stdout + done.stderr


def test_the_repository_is_as_hostile_as_it_looks(tmp_path: Path) -> None:
    """A plain pytest in it fails at once, so the test above does show something."""
    write_repository(tmp_path)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "--collect-only", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 4
    assert [name for name in TAKEN if not (tmp_path / name).is_file()] == []
