"""The suite on the service as it is today, in a process of its own: a report, and progress as it comes."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from logconform.lab.suite import started_suite

PROGRESS = "logconform: "
"""How the lab begins a line that tells what it does."""
LINES_SHOWN = 25
_EXIT = re.compile(r"^!+ \S*Exit: (?:logconform: )?(.*?) !+$", re.MULTILINE | re.DOTALL)
"""How pytest shows the reason for which the lab ended it."""


class NotMeasured(Exception):
    """The suite could not be run on the service. The text says why."""


def measure(app: str, folder: Path, tell: Callable[[str], None], *, repeat: int) -> dict[str, Any]:
    """
    Run the suite *repeat* times on *app* from *folder*, as `logconform run` does, and return the report over all runs.

    Raises:
        NotMeasured: If the worker can't be tested, or the lab itself fails.
    """
    with tempfile.TemporaryDirectory(prefix="logconform-") as place:
        report = Path(place) / "report.json"
        options = ["--celery-app", app, "--repeat", str(repeat), "--report", str(report), "--tb=no", "--color=no"]
        said = _run(options, folder, tell)
        if not report.is_file():
            raise NotMeasured(_why(said))
        made: dict[str, Any] = json.loads(report.read_bytes())
        return made


def _run(options: list[str], folder: Path, tell: Callable[[str], None]) -> list[str]:
    """Run the lab, pass on what it tells, and return all that it said."""
    said = []
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        with started_suite(options, cwd=folder, **streams) as process:
            assert process.stdout is not None
            for raw in process.stdout:
                line = raw.decode("utf-8", "replace").rstrip()
                said.append(line)
                if line.startswith(PROGRESS):
                    tell(line.removeprefix(PROGRESS))
            process.wait()
    except FileNotFoundError as error:
        raise NotMeasured(str(error)) from None
    return said


def _why(said: Sequence[str]) -> str:
    """Return the lab's own words of why it ended, else the last of what pytest said."""
    told = _EXIT.search("\n".join(said))
    return told[1] if told else "\n".join(said[-LINES_SHOWN:]) or "the suite ended without a word"
