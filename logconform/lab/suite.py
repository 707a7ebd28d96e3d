"""
The suite as a process of its own: pytest on the features, and on nothing that lies around them.

It runs in somebody's repository, and often in an environment below it, so that
pytest would take the repository's configuration, its conftest.py and the
plugins of its tests for the suite's own. All of that is meant for other tests:
coverage, a random order or eight processes make no sense here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from logconform.checks import features_folder

STOP_S = 60
"""How long the lab may take to stop its workers after Ctrl-C, in seconds."""
_USAGE_ERROR, _NO_TESTS = 4, 5  # pytest's own exit codes
_OURS = {_USAGE_ERROR: 2, _NO_TESTS: 3}


def run_suite(options: Sequence[str]) -> int | None:
    """
    Run the suite with these *options* of its plugin; return its exit code, None where it was interrupted.

    Raises:
        FileNotFoundError: If the features are not there.
    """
    try:
        with started_suite(options) as process:
            code = process.wait()
    except KeyboardInterrupt:
        return None
    return _OURS.get(code, code)


@contextmanager
def started_suite(options: Sequence[str], **given: Any) -> Iterator[subprocess.Popen[bytes]]:
    """
    Start the suite with these *options* of its plugin; where Ctrl-C comes meanwhile, wait until the lab has ended.

    Args:
        given: What `subprocess.Popen` is given beside command and environment.

    Raises:
        FileNotFoundError: If the features are not there.
    """
    # A process of its own, so that nothing imported here reaches the app under test.
    process = subprocess.Popen([*pytest_command(features_folder()), *options], env=pytest_environment(), **given)
    try:
        yield process
    except KeyboardInterrupt:  # the same Ctrl-C reached pytest, which now stops its workers
        process.wait(STOP_S)
        raise


def pytest_command(features: Path) -> list[str]:
    """Return the command that runs pytest on *features*, with their own configuration and no other."""
    # -P: the folder of the call may have a `logging` or `steps` of its own. -u: what is told comes at once.
    python = [sys.executable, "-P", "-u"]
    return [*python, "-m", "pytest", str(features), "-c", str(features / "run.ini"), "--rootdir", str(features.parent)]


def pytest_environment() -> dict[str, str]:
    """Return this process's environment without what it says to the repository's own pytest."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
