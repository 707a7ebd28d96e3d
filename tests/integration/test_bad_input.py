"""What cannot be read or written, and who is killed meanwhile: one clear message, a fixed exit code, and an end."""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.benchmarks.sample import write_sample
from tests.unit.sample_generator import FULL, Sample

PATIENCE = 60.0
SMALL_BLOCKS = """
import sys
from logconform.check import engine
from logconform.cli import main

engine.BLOCK_BYTES = engine.SMALL_BYTES = 20_000
"""
RUN = 'main(["check", *sys.argv[1:]])\n'
GOOD = b"".join(Sample(1, FULL, slots=2, tasks=5).lines())


@dataclass(frozen=True)
class Ended:
    """How a check ended."""

    code: int
    out: str
    err: str

    @property
    def messages(self) -> list[str]:
        return self.err.splitlines()


def check(folder: Path, *arguments: object, program: str | None = None, given: Any = None) -> Ended:
    """Run `logconform check` in a process of its own, which must end in time, and without a traceback."""
    command = [sys.executable, *(["-m", "logconform", "check"] if program is None else ["-c", program])]
    done = subprocess.run(
        [*command, *map(str, arguments)], cwd=folder, stdin=given, capture_output=True, timeout=PATIENCE, check=False
    )
    return ended(done.returncode, done.stdout, done.stderr)


def ended(code: int, out: bytes, err: bytes) -> Ended:
    assert b"Traceback (most recent call last)" not in out + err, err.decode()
    assert b"internal error" not in err, err.decode()
    return Ended(code, out.decode(), err.decode())


def requirements(result: Ended) -> dict[str, int]:
    return {each["id"]: each["violations"] for each in json.loads(result.out)["requirements"] if each["violations"]}


def missing(folder: Path) -> None:
    """A file that is not there."""


def folder_without_logs(folder: Path) -> None:
    (folder / "sample").mkdir()
    (folder / "sample" / "notes.txt").write_text("none")


def truncated_gzip_header(folder: Path) -> None:
    (folder / "sample").write_bytes(gzip.compress(GOOD)[:9])


UNREADABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a missing file": (missing, "Error: sample: no such file or folder; check the path"),
    "a folder without logs": (
        folder_without_logs,
        "Error: sample: no logs in this folder; they end in .ndjson, .jsonl or .log, plain or packed "
        "(.gz, .bz2, .xz, .zst). Name other files one by one",
    ),
    "a gzip file of nine bytes": (
        truncated_gzip_header,
        "Error: sample: ends in the middle of its packed data; copy it again whole (read so far: 0 lines, 0 bytes)",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_at_all_is_one_message(name: str, tmp_path: Path) -> None:
    """Exit 2, nothing on standard output, and one line that names the path and the remedy."""
    make, message = UNREADABLE[name]
    make(tmp_path)
    result = check(tmp_path, "sample")
    assert (result.code, result.out, result.messages) == (2, "", [message])


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_missing_rights_are_one_message(tmp_path: Path) -> None:
    """The remedy is another user."""
    (tmp_path / "sample").write_bytes(GOOD)
    (tmp_path / "sample").chmod(0)
    result = check(tmp_path, "sample")
    assert (result.code, result.messages) == (2, ["Error: sample: permission denied; run as a user who may read it"])


def test_a_truncated_gzip_file_is_judged_up_to_its_end(tmp_path: Path) -> None:
    """The report covers what came before the cut; the message says where that is, and the code that it is not all."""
    stream = io.BytesIO()
    write_sample(stream, 7, 2_000)
    packed = gzip.compress(stream.getvalue())
    (tmp_path / "worker.log.gz").write_bytes(packed[: len(packed) // 2])
    result = check(tmp_path, "worker.log.gz", "--format", "json")
    subject = json.loads(result.out)["subject"]
    assert result.code == 2
    assert 500 < subject["records"] < 1_500
    read = f"(read so far: {subject['records']:,} lines, {subject['bytes']:,} bytes)"
    told = f"worker.log.gz: ends in the middle of its packed data; copy it again whole {read}"
    assert (result.messages, subject["problems"]) == ([f"Error: {told}"], [told])


NOT_RECORDS: dict[str, tuple[bytes, int, dict[str, int]]] = {
    "an empty file": (b"", 3, {}),
    "binary": (bytes(range(256)) * 40 + b"\n", 1, {"FMT001": 41}),
    "UTF-16": (GOOD[: GOOD.index(b"\n") + 1].decode().encode("utf-16"), 1, {"FMT001": 2}),
    "100,000 levels of arrays": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", 1, {"FMT001": 1}),
    "100,000 levels of objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n", 1, {"FMT001": 1, "FMT011": 1}),
    "100,000 levels, never closed": (b"[" * 100_000 + b"\n", 1, {"FMT001": 1}),
}


@pytest.mark.parametrize("name", NOT_RECORDS)
@pytest.mark.parametrize("after", [False, True], ids=["alone", "after records"])
def test_what_is_no_record_is_a_finding(name: str, after: bool, tmp_path: Path) -> None:
    """It is judged line by line, like all that is written to a log; nothing to judge is exit 3."""
    content, code, expected = NOT_RECORDS[name]
    (tmp_path / "worker.log").write_bytes(GOOD + content if after else content)
    result = check(tmp_path, "worker.log", "--format", "json")
    found = requirements(result)
    assert (result.code, result.err) == (0 if after and code == 3 else code, "")
    assert {requirement: found.get(requirement) for requirement in expected} == expected


def test_a_fifo_whose_writer_closes_is_a_sample(tmp_path: Path) -> None:
    """What came through it is judged, also where that ends within a line."""
    os.mkfifo(tmp_path / "pipe.log")

    def write() -> None:
        (tmp_path / "pipe.log").write_bytes(GOOD[:-10])

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    result = check(tmp_path, "pipe.log", "--format", "json")
    writer.join(PATIENCE)
    assert json.loads(result.out)["subject"]["records"] == GOOD.count(b"\n")
    assert (result.err, result.code) == ("", 0)


def test_a_line_of_a_gigabyte_takes_no_memory(tmp_path: Path) -> None:
    """It is one finding, with its length, and the records around it are judged; memory stays below 300 MB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc: elsewhere a process's peak includes that of the one that started it")
    size = 1_000_000_000
    if shutil.disk_usage(tmp_path).free < 2 * size:
        pytest.skip("the disk has no room for a line of 1 GB, should the file system not know holes")
    with (tmp_path / "worker.log").open("wb") as file:
        file.write(GOOD)
        file.seek(size, os.SEEK_CUR)
        file.write(b"\n" + GOOD)
    program = (
        "import re, sys\nfrom logconform.cli import main\ntry:\n    " + RUN + "finally:\n"
        "    print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)\n"
    )
    result = check(tmp_path, "worker.log", "--jobs", "1", "--only", "FMT011", "--format", "json", program=program)
    [finding] = json.loads(result.out)["findings"]
    assert (
        finding["message"] == f"the line has {size + 1:,} bytes, at most 262,144 are allowed (byte 262144 of the line)"
    )
    assert (finding["line"], finding["offset"], result.code) == (GOOD.count(b"\n") + 1, len(GOOD), 1)
    assert json.loads(result.out)["subject"]["records"] == 2 * GOOD.count(b"\n") + 1
    assert int(result.err) < 300_000  # KiB
    (tmp_path / "worker.log").unlink()


@contextmanager
def full_disk(folder: Path) -> Iterator[Path]:
    """Yield a path on a disk that is full: a small file system where one may be mounted, else the device for that."""
    mounted = folder / "full"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(mounted)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        if not Path("/dev/full").exists():
            pytest.skip("no disk here is full")
        yield Path("/dev/full")
        return
    try:
        yield mounted / "report.json"
    finally:
        subprocess.run(["umount", "-l", str(mounted)], capture_output=True, check=True)


def test_a_full_disk_does_not_cost_the_report(tmp_path: Path) -> None:
    """The report goes to standard output as text, and the message says what to do; exit 2."""
    (tmp_path / "worker.log").write_bytes(GOOD)
    with full_disk(tmp_path) as output:
        result = check(tmp_path, "worker.log", "--format", "json", "--output", output)
    told = f"Error: {output}: can't be written (No space left on device); free some space, or write elsewhere"
    assert (result.code, result.messages) == (2, [told])
    assert result.out.startswith("conforms: worker.log")


def test_a_full_disk_behind_standard_output_is_one_message(tmp_path: Path) -> None:
    """There is nowhere else to write to."""
    (tmp_path / "worker.log").write_bytes(GOOD)
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "logconform", "check", "worker.log"]
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    told = "Error: standard output: can't be written (No space left on device); free some space, or write elsewhere"
    result = ended(done.returncode, b"", done.stderr)
    assert (result.code, result.messages) == (2, [told])


def test_a_full_disk_for_temporary_files_does_not_stop_a_check_of_standard_input(tmp_path: Path) -> None:
    """A process may write no file of more than 100 kB: what came through the pipe cannot be kept, and is judged."""
    stream = io.BytesIO()
    write_sample(stream, 7, 3_000)
    (tmp_path / "sample").write_bytes(stream.getvalue())
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))\n"
    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    with (tmp_path / "sample").open("rb") as given:
        program = limit + ignore + SMALL_BLOCKS + RUN
        result = check(tmp_path, "-", "--jobs", "2", "--format", "json", program=program, given=given)
    assert result.code in (0, 2)
    assert len(result.messages) == (result.code == 2), result.err


class Running:
    """A check with four processes, of a stream that does not end; all of them are gone after the test."""

    def __init__(self, folder: Path, *arguments: str, jobs: int = 4) -> None:
        command = [sys.executable, "-c", SMALL_BLOCKS + RUN, *arguments, "--jobs", str(jobs)]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.stopped = threading.Event()
        self.writer = threading.Thread(target=self._write, daemon=True)

    def _write(self) -> None:
        stream = io.BytesIO()
        write_sample(stream, 7, 5_000)
        assert self.process.stdin is not None
        try:
            for line in stream.getvalue().splitlines(keepends=True):
                self.process.stdin.write(line)
            self.process.stdin.flush()
            self.stopped.wait(PATIENCE)
            self.process.stdin.close()
        except (OSError, ValueError):
            return  # the check has ended

    def workers(self) -> list[psutil.Process]:
        """Wait until all workers are there, and return them."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = psutil.Process(self.process.pid).children(recursive=True)
            if len(found) >= 4:
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited {PATIENCE} s for the processes of a check")

    def end(self) -> Ended:
        """Wait for the end, and return how it ended."""
        streams = [each for each in (self.process.stdout, self.process.stderr) if each is not None]
        with ThreadPoolExecutor(len(streams)) as readers:
            out, err = readers.map(lambda stream: stream.read(), streams, timeout=PATIENCE)
        return ended(self.process.wait(PATIENCE), out, err)


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Running]:
    each = Running(folder, *arguments)
    each.writer.start()
    try:
        yield each
    finally:
        each.stopped.set()
        for child in psutil.Process(each.process.pid).children(recursive=True) if each.process.poll() is None else ():
            child.kill()
        each.process.kill()
        each.process.wait(PATIENCE)
        each.writer.join(PATIENCE)


def test_an_interrupt_of_all_processes_ends_with_what_was_read(tmp_path: Path) -> None:
    """Ctrl-C reaches every process of a terminal: a partial report, exit 130, and no process is left."""
    with running(tmp_path, "-", "--format", "json") as each:
        workers = each.workers()
        os.killpg(each.process.pid, signal.SIGINT)
        result = each.end()
        _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert (result.code, result.err, alive) == (130, "", [])
    subject = json.loads(result.out)["subject"]
    assert subject["partial"] is True
    assert 0 < subject["records"] <= 5_000


def test_a_process_that_is_killed_is_one_message(tmp_path: Path) -> None:
    """SIGKILL to one of four: exit 2, one message with a remedy, no hang, and no process is left."""
    with running(tmp_path, "-", "--format", "json") as each:
        workers = each.workers()
        workers[0].kill()
        each.stopped.set()
        result = each.end()
        _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    told = "Error: a process of the check was killed, for want of memory perhaps; use fewer (--jobs 1)"
    assert (result.code, result.out, result.messages, alive) == (2, "", [told], [])


CHANGED = """
from logconform.check import engine
cut, at = engine.blocks, int(sys.argv.pop(1))

def blocks_of_a_file_that_shrinks(sources, *arguments, **options):
    for number, block in enumerate(cut(sources, *arguments, **options)):
        if number == at:
            open(sources[0].path, "r+b").truncate(30_000)
        yield block

engine.blocks = blocks_of_a_file_that_shrinks
"""


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_file_that_is_cut_while_it_is_read_is_told(jobs: int, tmp_path: Path) -> None:
    """What was read before is judged; one message names the file, the byte and the remedy; exit 2."""
    with (tmp_path / "worker.log").open("wb") as stream:
        write_sample(stream, 7, 3_000)
    options = ("worker.log", "--jobs", jobs, "--format", "json")
    result = check(tmp_path, 20, *options, program=SMALL_BLOCKS + CHANGED + RUN)
    assert result.code == 2
    assert json.loads(result.out)["subject"]["records"] > 0
    [message] = result.messages
    assert message.startswith("Error: worker.log: ends at byte ")
    assert message.endswith("it was cut or replaced while it was read: check it again, or a copy of it")
