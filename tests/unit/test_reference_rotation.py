"""A log file that processes share: nothing lost, torn or too large, whoever is killed, rotates, or fills the disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reference_worker.logging.rotation import MARGIN, SHORT, RotatingFile
from tests.benchmarks.rotation import OURS, measure

NOBODY = 65_534


def no_complaint(path: Path, fault: OSError) -> None:
    raise AssertionError(f"{path}: {fault}")


def forked(work: Callable[[], None]) -> int:
    """Run *work* in a child; return its exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def numbered(writer: int, number: int, size: int = 100) -> bytes:
    return json.dumps([writer, number, "x" * size]).encode() + b"\n"


def numbers(folder: Path) -> list[tuple[int, int]]:
    """Return writer and number of every record in all files; a torn line fails."""
    lines = [line for file in folder.iterdir() for line in file.read_bytes().splitlines(keepends=True)]
    assert [line for line in lines if not line.endswith(b"\n")] == []
    return sorted(tuple(json.loads(line)[:2]) for line in lines)


@pytest.mark.parametrize("file_bytes", [20_000, 2 * MARGIN], ids=["under the lock", "mostly without"])
def test_eight_processes_lose_and_tear_nothing(file_bytes: int) -> None:
    """SINK004: every one of 24,000 records is there, whole, over many rotations."""
    result = measure(OURS, processes=8, each=3_000, file_bytes=file_bytes)
    assert (result.lost, result.torn) == (0, 0)
    assert result.files > 24_000 * 290 / file_bytes


def test_no_file_grows_beyond_its_limit(tmp_path: Path) -> None:
    """SINK004: also where eight processes write short and long lines, with and without the lock."""
    limit = 2 * MARGIN
    sink = RotatingFile(tmp_path / "worker.log", limit, 1_000, no_complaint)

    def work(writer: int) -> None:
        for number in range(1_000):
            sink.write({}, numbered(writer, number, size=(100, SHORT - 50, 5_000)[number % 3]))

    children = []
    for writer in range(8):
        child = os.fork()
        if child == 0:
            work(writer)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    assert numbers(tmp_path) == [(writer, number) for writer in range(8) for number in range(1_000)]
    assert max(file.stat().st_size for file in tmp_path.iterdir()) <= limit


@pytest.mark.parametrize("step", range(4))
def test_who_is_killed_while_rotating_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """SINK004: at whichever rename it dies, the next writer completes the rotation; only the oldest file may go."""
    log, backups = tmp_path / "worker.log", 3
    sink = RotatingFile(log, 1_000, backups, no_complaint)
    for number in range(4 * 9 + 4):  # nine fit into a file
        sink.write({}, numbered(0, number))
    before = numbers(tmp_path)
    replace, renamed = Path.replace, []

    def dies(self: Path, target: Path) -> Path:
        if len(renamed) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        renamed.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dies)
    code = forked(lambda: [sink.write({}, numbered(0, number)) for number in range(40, 47)] and None)  # type: ignore[func-returns-value]
    assert code == (-signal.SIGKILL if step < backups else 0)
    monkeypatch.undo()
    last = max(number for _, number in numbers(tmp_path))
    for number in range(last + 1, last + 3):
        sink.write({}, numbered(0, number))
    after = [number for _, number in numbers(tmp_path)]
    assert after == list(range(after[0], last + 3))
    assert after[0] <= before[0][1] + 9
    assert len(list(tmp_path.iterdir())) <= backups + 1
    assert max(file.stat().st_size for file in tmp_path.iterdir()) <= 1_000


def test_what_was_written_before_a_kill_stays(tmp_path: Path) -> None:
    """SINK004: four writers are killed at any moment; all that they had finished writing is there, and nothing torn."""
    sink = RotatingFile(tmp_path / "worker.log", 5_000, 10_000, no_complaint)
    finished = []
    for writer in range(12):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            number = 0
            while True:
                sink.write({}, numbered(writer, number, size=(100, 4_000)[number % 2]))
                os.write(writing, b".")
                number += 1
        os.close(writing)
        seen = 0
        while seen < 50 + 7 * writer:
            seen += len(os.read(reading, 64))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while rest := os.read(reading, 65_536):
            seen += len(rest)
        os.close(reading)
        finished.append(seen)
    sink.write({}, numbered(99, 0))
    found = set(numbers(tmp_path))
    missing = [(w, n) for w, count in enumerate(finished) for n in range(count) if (w, n) not in found]
    assert missing == []
    assert (99, 0) in found


def test_a_piece_of_a_line_is_taken_away(tmp_path: Path) -> None:
    """SINK004: who dies within a long line leaves no half record in front of the next one."""
    log = tmp_path / "worker.log"
    sink = RotatingFile(log, 1_000_000, 1, no_complaint)
    sink.write({}, numbered(0, 0))

    def dies() -> None:
        def half(descriptor: int, data: bytes) -> int:
            write(descriptor, bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

        write, os.write = os.write, half  # type: ignore[assignment]
        sink.write({}, numbered(0, 1, size=50_000))

    assert forked(dies) == -signal.SIGKILL
    assert not log.read_bytes().endswith(b"\n")
    sink.write({}, numbered(0, 2))
    assert numbers(tmp_path) == [(0, 0), (0, 2)]


def moves(log: Path) -> None:
    log.rename(log.with_name("worker.log-20260101"))


def moves_and_creates(log: Path) -> None:
    moves(log)
    log.touch()


def copies_and_truncates(log: Path) -> None:
    log.with_name("worker.log-20260101").write_bytes(log.read_bytes())
    os.truncate(log, 0)


@pytest.mark.parametrize("rotate", [moves, moves_and_creates, copies_and_truncates])
def test_somebody_else_may_rotate(tmp_path: Path, rotate: Callable[[Path], None]) -> None:
    """SINK004: logrotate moves, moves and creates, or copies and truncates: the next record is in the new file."""
    log = tmp_path / "worker.log"
    sink = RotatingFile(log, 10_000_000, 3, no_complaint)
    for number in range(10):
        sink.write({}, numbered(0, number))
    rotate(log)
    sink.write({}, numbered(0, 10))
    assert [json.loads(line)[1] for line in log.read_bytes().splitlines()] == [10]
    assert numbers(tmp_path) == [(0, number) for number in range(11)]


def test_a_line_beyond_the_limit_has_a_file_of_its_own(tmp_path: Path) -> None:
    """SINK004: a file may exceed its limit by one record."""
    sink = RotatingFile(tmp_path / "worker.log", 1_000, 5, no_complaint)
    for number, size in enumerate((100, 5_000, 100)):
        sink.write({}, numbered(0, number, size))
    assert [len(file.read_bytes().splitlines()) for file in sorted(tmp_path.iterdir())] == [1, 1, 1]


def test_the_descriptor_of_another_is_never_written_to(tmp_path: Path) -> None:
    """A thread may be about to write while another rotates: the descriptor's number stays the log's."""
    sink = RotatingFile(tmp_path / "worker.log", 2_000, 1_000, no_complaint)
    done = threading.Event()

    def opens() -> None:
        while not done.is_set():
            with (tmp_path.parent / f"{tmp_path.name}.other").open("wb") as other:
                other.flush()

    opener = threading.Thread(target=opens)
    opener.start()
    writers = [
        threading.Thread(target=lambda w=w: [sink.write({}, numbered(w, n)) for n in range(500)]) for w in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    done.set()
    opener.join(60)
    assert (tmp_path.parent / f"{tmp_path.name}.other").stat().st_size == 0
    assert numbers(tmp_path) == [(w, n) for w in range(4) for n in range(500)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 64 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a filesystem: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_heals(small_disk: Path) -> None:
    """SINK005: complained of once; what does not fit leaves no half record; when there is room, records come again."""
    complaints: list[str] = []
    log = small_disk / "worker.log"
    sink = RotatingFile(log, 0, 0, lambda _, fault: complaints.append(os.strerror(fault.errno or 0)))
    for number in range(200):
        sink.write({}, numbered(0, number, size=(700, 20_000)[number % 20 == 0]))
    assert complaints == ["No space left on device"]
    before = numbers(small_disk)
    assert 0 < len(before) < 200
    os.truncate(log, 0)
    sink.write({}, numbered(1, 0))
    sink.write({}, numbered(1, 1))
    assert numbers(small_disk) == [(1, 0), (1, 1)]
    assert len(complaints) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give rights away")
def test_missing_rights_heal(tmp_path: Path) -> None:
    """SINK005: a folder that the worker may not write to costs nothing else, and records come when it may."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    complaints: list[int | None] = []

    def work() -> None:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        sink = RotatingFile(folder / "worker.log", 0, 0, lambda _, fault: complaints.append(fault.errno))
        sink.write({}, numbered(0, 0))
        assert complaints == [13]
        os.kill(os.getpid(), signal.SIGSTOP)
        sink.write({}, numbered(0, 1))
        assert complaints == [13]

    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
    os.chown(folder, NOBODY, NOBODY)
    os.kill(child, signal.SIGCONT)
    assert os.waitpid(child, 0)[1] == 0
    assert numbers(folder) == [(0, 1)]


def test_a_folder_in_the_place_of_the_file_heals(tmp_path: Path) -> None:
    """SINK005: something else stands at the path until somebody takes it away."""
    complaints: list[Path] = []
    log = tmp_path / "worker.log"
    log.mkdir()
    sink = RotatingFile(log, 1_000, 1, lambda path, _: complaints.append(path))
    for number in range(3):
        sink.write({}, numbered(0, number))
    log.rmdir()
    sink.write({}, numbered(0, 3))
    assert numbers(tmp_path) == [(0, 3)]
    assert complaints == [log]


SPAWNED = """
import multiprocessing, sys
from pathlib import Path
from reference_worker.logging.rotation import RotatingFile

def work(writer):
    sink = RotatingFile(Path(sys.argv[1]), 3_000, 1_000, None)
    for number in range(200):
        sink.write({}, b'[%d, %d, "x"]\\n' % (writer, number))

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(work, range(3), chunksize=1)
"""


def test_spawned_children_share_the_file_too(tmp_path: Path) -> None:
    """SINK004: processes that have nothing of each other but the path."""
    script = tmp_path / "spawned.py"
    script.write_text(SPAWNED)
    folder = tmp_path / "logs"
    subprocess.run([sys.executable, str(script), str(folder / "worker.log")], check=True, timeout=60)
    assert numbers(folder) == [(writer, number) for writer in range(3) for number in range(200)]
