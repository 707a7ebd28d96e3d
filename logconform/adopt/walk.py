"""The files of a repository that are its own: no environments, caches, tests, or what other tools put there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

FILES_SEEN = 20_000
"""Files after which the search ends; a repository that large says itself where its app is."""
LARGEST = 1_000_000
"""Bytes of the largest file that is read."""
_SKIPPED = {
    "build",
    "dist",
    "docs",
    "env",
    "node_modules",
    "site-packages",
    "test",
    "testing",
    "tests",
    "venv",
    "vendor",
    "__pycache__",
}


def files_of(folder: Path, *endings: str, hidden: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield the files below *folder* whose names end so, in order; of hidden folders only those named in *hidden*."""
    seen = 0
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if _is_own(here / name, hidden))
        for name in sorted(names):
            seen += 1
            if seen > FILES_SEEN:
                return
            path = here / name
            if name.endswith(endings) and not _is_test(name) and _is_readable(path):
                yield path


def _is_own(folder: Path, hidden: tuple[str, ...]) -> bool:
    if folder.name in _SKIPPED or folder.is_symlink() or (folder / "pyvenv.cfg").exists():
        return False
    return not folder.name.startswith(".") or folder.name in hidden


def _is_test(name: str) -> bool:
    return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"


def _is_readable(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= LARGEST and os.access(path, os.R_OK)
    except OSError:
        return False
