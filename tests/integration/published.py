"""The sdist and the wheel, as `make dist` builds them, and what the tree says should be in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EPOCH = "1767225600"
"""The time that both builds of a comparison are given: 2026-01-01."""
PATIENCE = 120.0


def project() -> dict[str, Any]:
    """Return `pyproject.toml`."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def tracked(folder: str = ".") -> list[str]:
    """Return the files below *folder* that git tracks, or would if they were added, as paths from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def copy_of_tree(target: Path) -> Path:
    """Copy the tracked files to *target*, with other times than theirs, as a clone of another day has them."""
    for name in tracked():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
        os.utime(target / name, (1_000_000_000, 1_000_000_000))
    return target


def build(source: Path, out: Path, *options: str, umask: int = 0o022) -> Path:
    """Build what *options* say, without them the sdist and from it the wheel; return the folder *out*."""
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), *options, str(source)],
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        umask=umask,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def files_of_wheel(wheel: Path) -> dict[str, bytes]:
    """Return each file of a wheel by its name."""
    with zipfile.ZipFile(wheel) as archive:
        return {each.filename: archive.read(each) for each in archive.infolist() if not each.is_dir()}


def files_of_sdist(sdist: Path) -> dict[str, bytes]:
    """Return each file of an sdist by its name, without the folder that holds them all."""
    with tarfile.open(sdist) as archive:
        members = [each for each in archive.getmembers() if each.isfile()]
        contents = [archive.extractfile(each) for each in members]
        return {each.name.partition("/")[2]: file.read() for each, file in zip(members, contents, strict=True) if file}
