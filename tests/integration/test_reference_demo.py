"""The reference worker's demo, as somebody who tries it out runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
SECONDS = 60


def start_demo(folder: Path) -> subprocess.Popen[bytes]:
    """Start the demo in *folder*, which also gets its temporary files."""
    (folder / "tmp").mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "reference_worker", "demo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def started_in(folder: Path) -> list[str]:
    """Return the command lines of the processes that run in *folder* or below."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found


def test_the_demo_ends_well_and_leaves_only_its_log(tmp_path: Path) -> None:
    """Exit code 0, a fresh log from start to shutdown, a summary that names it, and nothing else."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker_test.log").write_text("of an earlier run\n")
    demo = start_demo(tmp_path)
    out, err = demo.communicate(timeout=SECONDS)
    assert (demo.returncode, err) == (0, b"")
    events = [json.loads(line)["event"] for line in (tmp_path / "logs" / "worker_test.log").read_bytes().splitlines()]
    assert {"Worker starting", "Worker stopped", "Task failed permanently after max retries"} <= set(events)
    assert out.splitlines()[-1].startswith(b"8 tasks, ")
    assert out.splitlines()[-1].endswith(b"Log: logs/worker_test.log")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["worker_test.log"]
    assert started_in(tmp_path) == []


def test_an_interrupted_demo_leaves_no_process(tmp_path: Path) -> None:
    """Ctrl-C in the middle: exit code 130, and everything that was started has been stopped."""
    demo = start_demo(tmp_path)
    assert demo.stdout is not None
    demo.stdout.readline()  # the worker's first record
    demo.send_signal(signal.SIGINT)
    _out, err = demo.communicate(timeout=SECONDS)
    assert (demo.returncode, err) == (130, b"Interrupted; everything that was started has been stopped.\n")
    assert started_in(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []
