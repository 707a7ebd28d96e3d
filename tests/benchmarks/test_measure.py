"""What is measured is what happened."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.measure import CommandFailed, first_output, peak_memory, run

PYTHON = (sys.executable, "-S", "-c")


def test_a_run_tells_time_and_output(tmp_path: Path) -> None:
    """The time is that of the whole process."""
    told = run([*PYTHON, "import time; time.sleep(0.2); print('done')"], tmp_path)
    assert told.output == "done\n"
    assert 0.2 <= told.seconds < 10


def test_an_unexpected_exit_code_is_told(tmp_path: Path) -> None:
    """A command that fails is no measurement."""
    with pytest.raises(CommandFailed, match=r"exit code 3: …oops"):
        run([*PYTHON, "print('oops'); raise SystemExit(3)"], tmp_path)


def test_peak_memory_counts_children(tmp_path: Path) -> None:
    """What a child holds counts as if the command itself held it."""
    child = "import time; block = b'x' * 50_000_000; time.sleep(0.5)"
    alone = peak_memory([*PYTHON, "import time; time.sleep(0.3)"], tmp_path)
    both = peak_memory(
        [*PYTHON, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"], tmp_path
    )
    assert both.processes == alone.processes + 1
    assert both.rss > alone.rss + 50
    assert both.pss == 0 or both.pss > alone.pss + 50


def test_first_output_is_seen_before_the_end(tmp_path: Path) -> None:
    """The command is ended once it has written something."""
    seconds = first_output([*PYTHON, "import time; print('.', flush=True); time.sleep(60)"], tmp_path)
    assert 0 < seconds < 10


def test_a_command_that_says_nothing_is_told(tmp_path: Path) -> None:
    """Nobody waits for it for ever."""
    with pytest.raises(CommandFailed, match="wrote nothing"):
        first_output([*PYTHON, "import time; time.sleep(60)"], tmp_path, within=0.3)
