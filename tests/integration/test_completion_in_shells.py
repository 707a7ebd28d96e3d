"""Completion as it happens: in a real shell that has read the script."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PATIENCE = 60.0
BASH = """
eval "$(logconform completion bash)"
complete -p logconform
COMP_WORDS=({words}) COMP_CWORD={last}
_logconform_completion logconform
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
FISH = """
logconform completion fish | source
complete -C '{line}'
"""


def printed(shell: str, script: str) -> list[str]:
    """Run *script* in a *shell* without anybody's settings; return the lines that it prints."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    plain = {"bash": ["--norc", "--noprofile"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [program, *plain, "-c", script],
        env={**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


LINES = [
    ("logconform explain ctx00", [f"CTX00{digit}" for digit in range(1, 10)]),
    ("logconform run --pool pre", ["prefork", "prefork-spawn"]),
    ("logconform check --format s", ["sarif"]),
]
SEVERAL = ("logconform run --only FMT001,CTX005", ["FMT001,CTX005"])
"""click's script for fish cuts what is offered at a comma."""


@pytest.mark.parametrize(("line", "found"), [*LINES, SEVERAL])
def test_bash_completes(line: str, found: list[str]) -> None:
    """The last word of a line, by the function that the script gives to bash."""
    first, *rest = printed("bash", BASH.format(words=line, last=len(line.split()) - 1))
    assert first.endswith("-F _logconform_completion logconform")
    assert rest == found


@pytest.mark.parametrize(("line", "found"), LINES)
def test_fish_completes(line: str, found: list[str]) -> None:
    """The last word of a line, as fish itself would offer it."""
    offered = printed("fish", FISH.format(line=line))
    assert [each.partition("\t")[0] for each in offered] == found  # behind the tab is what it means
