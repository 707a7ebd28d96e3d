"""How long a command takes, how much memory all of its processes take together, and when it first says something."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LONGEST_SECONDS = 3_600.0
"""No command may take longer."""

_EVERY_SECONDS = 0.05
_MEGABYTE = 1_000_000


class CommandFailed(RuntimeError):
    """A command ended with an exit code that was not expected, or took too long. Its text names both."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took, in seconds, and what it wrote to standard output."""

    seconds: float
    output: str


@dataclass(frozen=True, slots=True)
class Memory:
    """
    The largest sums over all processes of a command, in MB (10⁶ bytes).

    `pss` counts each page once, however many processes share it; `anonymous`
    is its part that is not the content of a file; `rss` counts a shared page
    for each process. `pss` is 0 where the system doesn't tell it.
    """

    pss: float
    anonymous: float
    rss: float
    processes: int


def run(command: Sequence[str], folder: Path, expected: Sequence[int] = (0,)) -> Run:
    """
    Run a command in a folder, from its start to its end.

    Raises:
        CommandFailed: If it ends with another exit code than the *expected*
            ones, or not within an hour.
    """
    began = time.perf_counter()
    with _started(command, folder) as (process, output):
        _wait(process, command, LONGEST_SECONDS)
        took = time.perf_counter() - began
        return Run(took, _result(process, command, output, expected))


def peak_memory(command: Sequence[str], folder: Path, expected: Sequence[int] = (0,)) -> Memory:
    """
    Run a command and look at its processes 20 times a second.

    Raises:
        CommandFailed: As `run` does.
    """
    pss = anonymous = rss = 0.0
    processes = 0
    deadline = time.monotonic() + LONGEST_SECONDS
    with _started(command, folder) as (process, output):
        root = psutil.Process(process.pid)
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise CommandFailed(f"{command[0]} took longer than {LONGEST_SECONDS:.0f} s")
            sizes = [size for each in _family(root) if (size := _sizes(each)) is not None]
            pss = max(pss, sum(size[0] for size in sizes))
            anonymous = max(anonymous, sum(size[1] for size in sizes))
            rss = max(rss, sum(size[2] for size in sizes))
            processes = max(processes, len(sizes))
            time.sleep(_EVERY_SECONDS)
        _result(process, command, output, expected)
    return Memory(pss / _MEGABYTE, anonymous / _MEGABYTE, rss / _MEGABYTE, processes)


def first_output(command: Sequence[str], folder: Path, within: float = 60.0) -> float:
    """
    Return the seconds until a command on a terminal writes its first byte; it is ended then.

    Raises:
        CommandFailed: If it writes nothing in the seconds *within* which it should.
    """
    ours, theirs = pty.openpty()
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        if not select.select([ours], [], [], within)[0] or not _first_byte(ours):
            raise CommandFailed(f"{' '.join(command)} wrote nothing within {within:.0f} s")
        return time.perf_counter() - began
    finally:
        _end(process)
        os.close(ours)


@contextlib.contextmanager
def _started(command: Sequence[str], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start a command in a session of its own, which ends with this block."""
    with tempfile.TemporaryDirectory() as place:
        output = Path(place, "output")
        with output.open("wb") as stdout:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process, output
        finally:
            _end(process)


def _wait(process: subprocess.Popen[bytes], command: Sequence[str], longest: float) -> None:
    try:
        process.wait(longest)
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{command[0]} took longer than {longest:.0f} s") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # its own session: nothing else is in it
    process.wait(10)


def _result(process: subprocess.Popen[bytes], command: Sequence[str], output: Path, expected: Sequence[int]) -> str:
    text = output.read_text(encoding="utf-8", errors="replace")
    if process.returncode not in expected:
        raise CommandFailed(f"{' '.join(command)} ended with exit code {process.returncode}: …{text[-500:]}")
    return text


def _first_byte(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1)
    except OSError:  # the other end is closed, and nothing was written
        return b""


def _family(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _sizes(process: psutil.Process) -> tuple[int, int, int] | None:
    """Return PSS, its anonymous part and RSS in bytes; None for a process that has ended."""
    try:
        rss = process.memory_info().rss
        told = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    except FileNotFoundError:
        return (0, 0, rss) if process.is_running() else None
    except (psutil.Error, OSError):
        return None
    figures = dict(line.split(":") for line in told.splitlines()[1:])
    return _bytes(figures.get("Pss", "0")), _bytes(figures.get("Pss_Anon", "0")), rss


def _bytes(figure: str) -> int:
    return int(figure.split(maxsplit=1)[0]) * 1024
