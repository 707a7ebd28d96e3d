"""Following with real processes: a writer that rotates, truncates and stops, and a reader that is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sample_generator import FULL, Sample, encoded

FOLLOW = """
import json, sys
from logconform.check.follow import follow
from logconform.check.follow_output import Teller
from logconform.config import Config
from logconform.contract import load_contract

contract = load_contract()
teller = Teller(contract, Config(), set(contract))
gave = follow(
    sys.argv[2:],
    task_timeout=float(sys.argv[1]),
    tell=teller.tell,
    notify=lambda text: print(text, file=sys.stderr, flush=True),
)
counts = {name: count.violations for each in gave.verdicts.values() for name, count in each.counts.items()}
print(json.dumps({"records": gave.records, "violations": {n: v for n, v in counts.items() if v}}), flush=True)
"""
PAUSE = 0.02


class Following:
    """A process that follows; what it has written so far."""

    def __init__(self, folder: Path, timeout: float, paths: tuple[object, ...], given: Any) -> None:
        self.out, self.err = folder / "follow.out", folder / "follow.err"
        command = [sys.executable, "-c", FOLLOW, str(timeout), *map(str, paths)]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(command, stdin=given, stdout=out, stderr=err, cwd=Path(__file__).parents[2])
        self.until(lambda: "following" in self.err.read_text() or self.process.poll() is not None, "it to follow")

    def until(self, condition: Callable[[], object], what: str, timeout: float = 20.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"waited {timeout} s for {what}; {self.out.read_text()}"
            time.sleep(PAUSE)

    def until_told(self, text: str) -> None:
        self.until(lambda: text in self.out.read_text(), f"{text!r} to be told")

    def until_noticed(self, text: str) -> None:
        self.until(lambda: text in self.err.read_text(), f"{text!r} to be noticed")

    def summary(self) -> dict[str, Any]:
        assert self.process.wait(20) == 0, self.err.read_text()
        found: dict[str, Any] = json.loads(self.out.read_text().splitlines()[-1])
        return found

    def interrupt(self) -> dict[str, Any]:
        self.process.send_signal(signal.SIGINT)
        return self.summary()


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., Following]]:
    started: list[Following] = []

    def start(*paths: object, timeout: float = 3_600, given: Any = subprocess.DEVNULL) -> Following:
        started.append(Following(tmp_path, timeout, paths, given))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait(10)
        if each.process.stdin:
            each.process.stdin.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


def sample(tasks: int = 40) -> list[bytes]:
    return [encoded(record) for record in Sample(5, FULL, slots=4, plan=["succeed"] * tasks).records]


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(data)


def test_findings_come_while_the_file_is_written(follow, log):
    """What one line shows is told before the next one is written, with its place; Ctrl-C gives the summary."""
    log.write_bytes(b"an old banner\n")
    following = follow(log)
    append(log, b"a banner\n")
    following.until_told("FMT001 violation: the line is not JSON")
    assert f"--> {log}:2\n" in following.out.read_text()
    append(log, b"".join(sample()))
    append(log, b'{"event": "x"}\n')
    following.until_told("FMT003 violation")
    gave = following.interrupt()
    assert gave["records"] == len(sample()) + 2
    assert gave["violations"]["FMT001"] == 1


def test_a_writer_that_rotates_loses_no_line(follow, log):
    """Another process renames and makes anew at every fiftieth line: each line is judged once, in order."""
    lines = sample(60)
    writer = (
        "import os, sys, time\n"
        "path = sys.argv[1]\n"
        "stream = open(path, 'ab', 0)\n"
        "for number, line in enumerate(sys.stdin.buffer):\n"
        "    stream.write(line)\n"
        "    if number % 50 == 49:\n"
        "        for old in range(8, 0, -1):\n"
        "            if os.path.exists(f'{path}.{old}'):\n"
        "                os.rename(f'{path}.{old}', f'{path}.{old + 1}')\n"
        "        os.rename(path, path + '.1')\n"
        "        stream = open(path, 'ab', 0)\n"
    )
    log.touch()
    following = follow(log)
    subprocess.run([sys.executable, "-c", writer, str(log)], input=b"".join(lines), check=True, timeout=30)
    append(log, b"the end\n")
    following.until_told("the end")
    assert following.interrupt() == {"records": len(lines) + 1, "violations": {"FMT001": 1}}


def test_a_file_that_is_truncated_is_followed_on(follow, log):
    """As `copytruncate` does it, while the writer keeps its file open."""
    lines = sample(20)
    following = follow(log)
    for part in (lines[: len(lines) // 2], lines[len(lines) // 2 :]):
        append(log, b"".join(part) + b"the end of a part\n")
        number = following.out.read_text().count("the end of a part") + 1
        following.until(lambda n=number: following.out.read_text().count("the end of a part") == n, "the part")
        os.truncate(log, 0)
        following.until(lambda: following.err.read_text().count("was truncated") >= 1, "the truncation")
    assert following.interrupt() == {"records": len(lines) + 2, "violations": {"FMT001": 2}}


def test_a_file_that_is_deleted_and_made_again_is_followed_on(follow, log):
    """Its name is what is followed; it says that it waits."""
    append(log, b"before\n")
    following = follow(log)
    log.unlink()
    following.until_noticed("is gone; waiting for a new one")
    append(log, b"after\n")
    following.until_told(f"--> {log}:1\n")
    assert following.interrupt() == {"records": 1, "violations": {"FMT001": 1}}


def test_several_files_are_one_stream(follow, log, tmp_path):
    """A task that starts in one and ends in the other is whole, and each finding names its file."""
    other, lines = tmp_path / "other.log", sample(10)
    following = follow(log, other)
    append(log, b"".join(lines[:10]))
    append(other, b"a banner\n")
    following.until_told(f"--> {other}:1\n")
    append(other, b"".join(lines[10:]) + b"the end\n")
    following.until_told("the end")
    assert following.interrupt() == {"records": len(lines) + 2, "violations": {"FMT001": 2}}


def test_a_task_that_goes_silent_is_told(follow, log):
    """On an idle file the clock decides; that it was running is known from what was there before."""
    start = next(line for line in sample() if b"Task starting" in line)
    log.write_bytes(start)
    following = follow(log, timeout=1)
    following.until_told("LIFE004 warning: the execution has no ending")
    assert following.interrupt()["violations"] == {"LIFE004": 1}


def test_standard_input_ends_with_its_writer(follow):
    """Findings come while it is open; its end gives the summary."""
    lines = sample()
    following = follow("-", given=subprocess.PIPE)
    given = following.process.stdin
    given.write(b"a banner\n")
    given.flush()
    following.until_told("--> standard input:1\n")
    given.write(b"".join(lines) + b'{"cut')
    given.close()
    assert following.summary() == {"records": len(lines) + 2, "violations": {"FMT001": 1}}


def test_what_a_worker_says_as_it_stops_is_heard(follow):
    """Ctrl-C reaches the worker too: what it writes before it closes the pipe is judged."""
    following = follow("-", given=subprocess.PIPE)
    following.process.send_signal(signal.SIGINT)
    following.process.stdin.write(b"last words\n")
    following.process.stdin.close()
    assert following.summary() == {"records": 1, "violations": {"FMT001": 1}}


def test_an_interrupt_does_not_wait_for_a_pipe_that_stays_open(follow):
    """The other end may be deaf to Ctrl-C."""
    following = follow("-", given=subprocess.PIPE)
    assert following.interrupt()["records"] == 0


def test_a_reader_that_goes_away_ends_it(tmp_path, log):
    """`| head` is no error: the following ends when nobody reads any more."""
    append(log, b"")
    command = [sys.executable, "-c", FOLLOW.replace("print(json", "sys.stdout = sys.stderr; print(json"), "9", str(log)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            assert b"following" in process.stderr.readline()
            process.stdout.close()
            deadline = time.monotonic() + 20
            while process.poll() is None and time.monotonic() < deadline:
                append(log, b"a banner\n")
                time.sleep(PAUSE)
            assert process.poll() is not None
            assert b"Traceback" not in process.stderr.read()
        finally:
            process.kill()
