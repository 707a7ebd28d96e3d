"""
What `--keep` leaves behind of scenarios that failed: their worker's streams, the oracle's file, and how it was started.

    FOLDER/<environment>/                     with --repeat: FOLDER/<environment>/run-2/
        CTX005-3f2a.txt                       the scenario: what was found, its tasks, the command that runs it again
        worker-1/                             the worker that it ran on
            stdout, stderr                    byte for byte
            oracle                            what really happened, one JSON object a line
            command.txt                       its command line and environment
            log-file/                         what it added to the service's log file
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from logconform.config import ConfigError
from logconform.lab.stage import Trace
from logconform.lab.worker import Worker

HIDDEN = "***"
"""Stands for the password of a broker."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A scenario that did not hold, or could not be decided: what is kept of it."""

    name: str
    """Of its file."""
    title: str
    outcome: str
    text: str
    reproduce: str
    trace: Trace


def check_folder(folder: Path) -> None:
    """
    Refuse a folder that holds something: what was kept of two runs can't be told apart.

    Raises:
        ConfigError: If it is not empty, or no folder at all.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--keep {folder}: is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"--keep {folder}: is not empty; name a folder that is, or that is not there yet")


def keep(folder: Path, workers: list[Worker], failed: Iterable[Failed]) -> None:
    """Keep the scenarios that failed, each with the worker that it ran on."""
    for each in failed:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        worker = each.trace.worker
        name = None if worker is None else f"worker-{workers.index(worker) + 1}"
        if worker is not None and name is not None and not (folder / name).exists():
            keep_worker(folder / name, worker)
        (folder / f"{each.name}.txt").write_text(_told(each, name), "utf-8", "backslashreplace")


def keep_worker(folder: Path, worker: Worker) -> None:
    """Keep what a worker wrote, the oracle's file, and how it was started."""
    folder.mkdir(parents=True, mode=0o700)
    for path in (worker.stdout, worker.stderr, worker.oracle):
        with suppress(FileNotFoundError):  # a worker that never came to write it
            shutil.copyfile(path, folder / path.suffix.removeprefix("."))
    (folder / "command.txt").write_text(_command(worker), "utf-8")
    for part in worker.parts:
        kept = folder / "log-file" / part.path.name
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(b"".join(reading.raw for reading in part.readings))


def _told(failed: Failed, worker: str | None) -> str:
    tasks = [f"  {role}: {sent.name} {sent.task_id}" for role, group in failed.trace.roles.items() for sent in group]
    lines = [
        failed.title,
        f"came out: {failed.outcome}",
        f"again: {failed.reproduce}",
        f"worker: {worker or 'none: it did not start'}",
        *(["tasks:", *tasks] if tasks else []),
        "",
        failed.text,
    ]
    return "\n".join(lines) + "\n"


def _command(worker: Worker) -> str:
    """Return how a worker was started, as a shell would do it; the broker is gone by now, where the lab started it."""
    given = [f"{name}={shlex.quote(value)}" for name, value in sorted(worker.given.items())]
    lines = [f"cd {shlex.quote(str(worker.subject.cwd))}", "env", *given, shlex.join(worker.command)]
    text = f"{lines[0]}\n" + " \\\n  ".join(lines[1:]) + "\n"
    return text.replace(worker.broker.secret, HIDDEN) if worker.broker.secret else text
