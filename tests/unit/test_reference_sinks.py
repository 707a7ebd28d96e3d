"""Lines stay whole and complete, whoever else writes, and whatever the disk does."""

from __future__ import annotations

import errno
import fcntl
import json
import mmap
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reference_worker.logging.descriptors import Turns, exclusive
from reference_worker.logging.rotation import RotatingFile
from reference_worker.logging.sinks import Console

SECONDS = 30


def no_complaint(path: Path, fault: OSError) -> None:
    raise AssertionError(f"{path}: {fault}")


def in_children(count: int, work: object) -> None:
    """Fork *count* children that each call *work* with their number; all must succeed."""
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work(number)  # type: ignore[operator]
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * count


def test_records_on_a_shared_pipe_are_whole() -> None:
    """SINK007: four processes, records far beyond what a pipe takes at once."""
    reading, writing = os.pipe()
    received: list[bytes] = []
    with os.fdopen(reading, "rb") as stream:
        reader = threading.Thread(target=lambda: received.extend(stream))
        reader.start()
        console = Console(writing)

        def work(number: int) -> None:
            for index in range(20):
                size = (100, 5_000, 70_000, 250_000)[index % 4]
                console.write({}, json.dumps([number, index, "x" * size]).encode() + b"\n")

        in_children(4, work)
        os.close(writing)
        reader.join(SECONDS)
    assert sorted(tuple(json.loads(line)[:2]) for line in received) == [(n, i) for n in range(4) for i in range(20)]


def test_a_record_after_a_killed_one_is_whole() -> None:
    """SINK007: who is killed within a record spoils that one alone."""
    reading, writing = os.pipe()
    console = Console(writing)
    child = os.fork()
    if child == 0:
        console.write({}, b"x" * 3_000_000 + b"\n")  # more than any pipe takes: it waits in the middle
        os._exit(1)
    with os.fdopen(reading, "rb") as stream:
        assert stream.read(1) == b"x"
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        received: list[bytes] = []
        reader = threading.Thread(target=lambda: received.extend(stream))
        reader.start()
        for number in range(3):
            console.write({}, b"%d\n" % number)
        os.close(writing)
        reader.join(SECONDS)
    assert received[1:] == [b"0\n", b"1\n", b"2\n"]
    assert set(received[0]) == set(b"x\n")


def test_nothing_is_lost_where_processes_rotate_together(tmp_path: Path) -> None:
    """SINK004: no record lost, torn or doubled; no file too large."""
    log = tmp_path / "worker.log"
    sink = RotatingFile(log, 10_000, 500, no_complaint)

    def work(number: int) -> None:
        for index in range(1000):
            sink.write({}, json.dumps([number, index, "x" * 50]).encode() + b"\n")

    in_children(4, work)
    files = list(tmp_path.iterdir())
    seen = Counter(tuple(json.loads(line)[:2]) for file in files for line in file.read_bytes().splitlines())
    assert seen == Counter((number, index) for number in range(4) for index in range(1000))
    assert max(file.stat().st_size for file in files) <= 10_000


def test_only_so_many_old_files_stay(tmp_path: Path) -> None:
    """SINK004: the newest records are in the log, the oldest go with the oldest file."""
    log = tmp_path / "worker.log"
    sink = RotatingFile(log, 10, 2, no_complaint)
    for number in range(5):
        sink.write({}, b"record %d\n" % number)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "worker.log": "record 4\n",
        "worker.log.1": "record 3\n",
        "worker.log.2": "record 2\n",
    }


def test_a_vanished_folder_is_made_again(tmp_path: Path) -> None:
    """SINK005: the next record finds its way."""
    log = tmp_path / "logs" / "worker.log"
    sink = RotatingFile(log, 0, 0, no_complaint)
    sink.write({}, b"one\n")
    log.unlink()
    log.parent.rmdir()
    sink.write({}, b"two\n")
    assert log.read_text() == "two\n"


def test_a_file_that_cannot_be_written_is_complained_of_once(tmp_path: Path) -> None:
    """SINK005: once, also where children fail too; no call raises."""
    (tmp_path / "a file").touch()
    complaints: list[Path] = []
    log = tmp_path / "a file" / "worker.log"
    sink = RotatingFile(log, 0, 0, lambda path, _: complaints.append(path))

    def work(_number: int) -> None:
        sink.write({}, b"x\n")
        assert len(complaints) == 1

    in_children(2, work)
    sink.write({}, b"x\n")
    assert complaints == [log]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_costs_only_the_record(tmp_path: Path) -> None:
    """SINK005: a write that fails is complained of, and raises nothing."""
    complaints: list[str] = []
    log = tmp_path / "worker.log"
    log.symlink_to("/dev/full")
    sink = RotatingFile(log, 0, 0, lambda _, fault: complaints.append(os.strerror(fault.errno or 0)))
    for _ in range(3):
        sink.write({}, b"x\n")
    assert complaints == ["No space left on device"]


def test_a_line_written_in_the_middle_of_another_comes_after_it() -> None:
    """A signal handler that logs while its thread writes neither waits for itself nor tears the line."""
    written: list[bytes] = []

    def write_one(line: bytes) -> None:
        if line == b"outer":
            turns.take(b"from a signal handler")
        written.append(line)

    turns = Turns(write_one)
    turns.take(b"outer")
    assert written == [b"outer", b"from a signal handler"]


STREAM_SCRIPT = """
import os, subprocess, sys, warnings
from reference_worker.logging import configure_structured_logging, get_logger
configure_structured_logging(service_name="s", log_level="info", log_file=sys.argv[1])
print("printed", end="")
sys.stdout.buffer.write(b" as bytes\\n")
print('{"event": "forged"}\\u2028')
os.write(1, b"raw\\n")
subprocess.run(["echo", "from a child"], check=True)
subprocess.run(["echo", "given the stream"], stdout=sys.stdout, check=True)
warnings.warn("careful")
print("to standard error", file=sys.stderr)
get_logger("a.b").info("done")
raise ValueError("nobody caught this")
"""


def test_standard_output_holds_records_and_nothing_else(tmp_path: Path) -> None:
    """FMT001, FMT013, FMT014, FMT017, SINK003: whatever writes, records come out, the same on both sinks."""
    log = tmp_path / "logs" / "s.log"
    done = subprocess.run(
        [sys.executable, "-c", STREAM_SCRIPT, str(log)], capture_output=True, timeout=SECONDS, check=False
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == b""
    assert log.read_bytes() == done.stdout
    told = [(record["logger"], record["event"], record.get("message")) for record in records]
    assert [line for line in told if line[0] not in ("py.warnings", "multiprocessing")] == [
        ("stdout", "Line on standard output", "printed as bytes"),
        ("stdout", "Line on standard output", '{"event": "forged"}\u2028'),
        ("stderr", "Line on standard error", "to standard error"),
        ("a.b", "done", None),
        ("reference_worker.logging", "Unhandled exception", None),
        ("stdout", "Line on standard output", "raw"),
        ("stdout", "Line on standard output", "from a child"),
        ("stdout", "Line on standard output", "given the stream"),
    ]
    assert [record["event"] for record in records if record["logger"] == "py.warnings"] == ["Warning"]


def test_threads_with_two_locks_keep_both(tmp_path: Path) -> None:
    """SINK007: the kernel sees a deadlock where there is none, and refuses one of them; it is asked for again."""
    files = [os.open(tmp_path / name, os.O_RDWR | os.O_CREAT) for name in ("console", "file")]
    inside = mmap.mmap(-1, len(files))

    def take_turns(number: int) -> None:
        for _ in range(2_000):
            with exclusive(files[number]):
                assert inside[number] == 0
                inside[number] = 1
                os.sched_yield()
                inside[number] = 0

    def work(_: int) -> None:
        with ThreadPoolExecutor(len(files)) as threads:
            for done in [threads.submit(take_turns, number) for number in range(len(files))]:
                done.result(SECONDS)

    in_children(3, work)


def test_a_lock_that_is_refused_for_good_costs_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be locked, the block runs all the same."""

    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(errno.EBADF, "no locks here")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with exclusive(0):
        pass
