"""The stated architecture holds: who may import whom is checked, not only drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--config",
        str(root / "pyproject.toml"),
    ]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


def test_the_rooms_import_only_what_they_may() -> None:
    """`logconform` and `reference_worker` are apart, and the layers of `pyproject.toml` hold."""
    finished = lint(ROOT)
    assert finished.returncode == 0, finished.stdout
    assert "Contracts: 3 kept, 0 broken." in finished.stdout


def test_every_module_of_the_table_is_there() -> None:
    """The table in the architecture page names modules that exist."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = [
        part
        for line in page.splitlines()
        if line.startswith("| `logconform/")
        for part in line.split("|")[1].split("`")[1::2]
    ]
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []
