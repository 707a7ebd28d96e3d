"""
`python -m tests.lowest`: the constraints under which the lowest versions are installed.

Each requirement of the package and of its extras is pinned to its lower bound.
Whatever these packages need themselves, and what only the tests need, is free.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def lower_bounds(project: Mapping[str, Any]) -> dict[str, str]:
    """
    Return the lowest version that *project* allows of each package that it, or an extra but `dev`, names.

    Raises:
        ValueError: If one has none: nobody could say what works with it.
    """
    extras = project["optional-dependencies"]
    named = [*project["dependencies"], *(text for extra, texts in extras.items() if extra != "dev" for text in texts)]
    return {canonicalize_name(each.name): _lower_bound(each) for each in map(Requirement, named)}


def _lower_bound(requirement: Requirement) -> str:
    for specifier in requirement.specifier:
        if specifier.operator == ">=":
            return specifier.version
    raise ValueError(f"pyproject.toml: {requirement} has no lower bound; write `>=` and the first version that works")


if __name__ == "__main__":
    described = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name, version in lower_bounds(described).items():
        print(f"{name}=={version}")
