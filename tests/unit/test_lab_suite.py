"""The suite as a process: what pytest is told, and what it isn't."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from logconform.lab import suite


def test_pytest_gets_its_configuration_from_the_features_alone() -> None:
    """No file above them counts, and no module of the folder of the call is importable."""
    assert suite.pytest_command(Path("/s/_data/features")) == [
        *[sys.executable, "-P", "-u", "-m", "pytest", "/s/_data/features"],
        *["-c", "/s/_data/features/run.ini", "--rootdir", "/s/_data"],
    ]


def test_what_the_environment_says_to_pytest_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is meant for the repository's own tests; everything else stays."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-n auto")
    monkeypatch.setenv("PYTEST_PLUGINS", "shop.fixtures")
    monkeypatch.setenv("WORKER_LOG_LEVEL", "debug")
    environment = suite.pytest_environment()
    named = {name: value for name, value in environment.items() if name.startswith("PYTEST_")}
    assert named == {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    assert environment["WORKER_LOG_LEVEL"] == "debug"
