"""
`python -m tests.lowest requirements.lock`: the constraints under which the lowest versions are installed.

Every requirement of the package and of its extras is pinned to its lower bound;
what only the tests need stays as the lock has it, for their sake it is not that
anybody installs logconform. Whatever these packages need themselves is free.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
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
    return {canonicalize_name(Requirement(text).name): _lower_bound(Requirement(text)) for text in named}


def constraints(project: Mapping[str, Any], lock: Iterable[str]) -> Iterator[str]:
    """Return lines for pip: lower bounds, and the lock's versions of what only `dev` names."""
    lowest = lower_bounds(project)
    yield from (f"{name}=={version}" for name, version in lowest.items())
    tools = {canonicalize_name(Requirement(text).name) for text in project["optional-dependencies"]["dev"]}
    for line in lock:
        name = canonicalize_name(Requirement(line).name)
        if name in tools - lowest.keys():
            yield line.strip()


def _lower_bound(requirement: Requirement) -> str:
    for specifier in requirement.specifier:
        if specifier.operator == ">=":
            return specifier.version
    raise ValueError(f"pyproject.toml: {requirement} has no lower bound; write `>=` and the first version that works")


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    print(*constraints(project, Path(sys.argv[1]).read_text("utf-8").splitlines()), sep="\n")
