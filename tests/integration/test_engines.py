"""Whoever judges a sample of many blocks, the report is the same, byte for byte: processes, Dask, standard input."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from logconform.judge import judge_stream
from logconform.records import read_stream
from tests.benchmarks.sample import write_sample
from tests.unit.sample_generator import FULL, STYLES, Sample

BLOCK_BYTES = 20_000
CHECK = f"""
import sys
from logconform.check import engine, ledger
from logconform.cli import main

engine.BLOCK_BYTES = engine.SMALL_BYTES = {BLOCK_BYTES}
ledger.ENOUGH_BYTES = 100_000
"""
RUN = """
main(["check", *sys.argv[1:], "--format", "json"])
"""
KILL_HALF_WAY = """
import os, signal
from logconform.check import dask_engine

victim, at, submit = int(sys.argv.pop(1)), int(sys.argv.pop(1)), dask_engine._Cluster.submit
given = []

def submit_and_kill(cluster, work):
    given.append(work)
    if len(given) == at:
        os.kill(victim, signal.SIGKILL)
    return submit(cluster, work)

dask_engine._Cluster.submit = submit_and_kill
"""
PATIENCE = 60.0


def check(folder: Path, *arguments: object, given: bytes | None = None, program: str = CHECK + RUN) -> bytes:
    """Return the report that `logconform check` writes, with small blocks."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()
    assert done.stderr == b""
    return done.stdout


def unnamed(report: bytes) -> dict[str, Any]:
    """Return a report without what names the file and its size on disk."""
    made: dict[str, Any] = json.loads(report)
    del made["subject"]["paths"], made["subject"]["sources"]
    places = [place for cause in made["causes"] for place in cause["places"]]
    for each in [*made["findings"], *places]:
        del each["path"]
    return made


def places(report: bytes) -> list[tuple[str, int]]:
    return sorted((each["requirement"], each["line"]) for each in json.loads(report)["findings"])


def statuses(made: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["status"] for each in made["requirements"] if each["status"] != "not_tested"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sample of some 40 blocks that holds three faults."""
    folder = tmp_path_factory.mktemp("engines")
    with (folder / "worker.log").open("wb") as stream:
        planted = write_sample(stream, 7, 0, tasks=300, faults=("leak", "lost", "repeated-key"))
    assert len(planted) == 3
    assert (folder / "worker.log").stat().st_size > 30 * BLOCK_BYTES
    return folder


@pytest.fixture(scope="module")
def alone(folder: Path) -> bytes:
    """The report of one process."""
    return check(folder, "worker.log", "--jobs", 1)


def test_one_process_finds_what_was_planted(folder: Path, alone: bytes) -> None:
    """The report that all others are compared with has the three faults, and counts every task."""
    assert [requirement for requirement, _ in places(alone)] == ["CTX005", "FAIL001", "FMT002"]
    subject = json.loads(alone)["subject"]
    assert (subject["tasks"], subject["records"]) == (300, (folder / "worker.log").read_bytes().count(b"\n"))


def test_several_processes_give_the_same_report(folder: Path, alone: bytes) -> None:
    """Four processes, byte for byte."""
    assert check(folder, "worker.log", "--jobs", 4) == alone


@pytest.mark.parametrize("jobs", [1, 4])
def test_standard_input_gives_the_same_report(folder: Path, alone: bytes, jobs: int) -> None:
    """But for the path, and the size that standard input does not tell."""
    data = (folder / "worker.log").read_bytes()
    assert unnamed(check(folder, "-", "--jobs", jobs, given=data)) == unnamed(alone)


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_packed_file_gives_the_same_report(folder: Path, alone: bytes, jobs: int) -> None:
    """But for its name, its size and the packing."""
    (folder / "worker.log.gz").write_bytes(gzip.compress((folder / "worker.log").read_bytes()))
    assert unnamed(check(folder, "worker.log.gz", "--jobs", jobs)) == unnamed(alone)


@dataclass
class Cluster:
    """A Dask scheduler with two workers, each a process."""

    address: str
    workers: Sequence[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="logconform[dask] is not installed")
    known = tmp_path / "scheduler.json"
    processes: list[subprocess.Popen[bytes]] = []

    def start(role: str, *options: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{role}", "--scheduler-file", known, *options]
        with (tmp_path / f"{role}-{len(processes)}.err").open("wb") as log:
            each = subprocess.Popen(list(map(str, command)), cwd=tmp_path, stdout=log, stderr=log)
        processes.append(each)
        return each

    loopback = ("--host", "127.0.0.1", "--no-dashboard")
    try:
        start("scheduler", *loopback, "--port", 0)
        address = _address(known)
        workers = [start("worker", *loopback, "--no-nanny", "--nthreads", 1) for _ in range(2)]
        _wait_for_workers(address)
        yield Cluster(address, workers)
    finally:
        for each in processes:
            each.kill()
        for each in processes:
            each.wait(PATIENCE)


def _address(known: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if known.exists() and known.stat().st_size:
            return str(json.loads(known.read_text())["address"])
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE} s for the Dask scheduler")


def _wait_for_workers(address: str) -> None:
    """Wait in a process of its own: a Dask client leaves threads behind."""
    code = f"from distributed import Client; Client({address!r}, timeout={PATIENCE}).wait_for_workers(2, {PATIENCE})"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=2 * PATIENCE)


def test_dask_gives_the_same_report(folder: Path, alone: bytes, cluster: Cluster) -> None:
    """Two workers of a cluster, byte for byte; and over standard input but for the path."""
    dask = ("--engine", "dask", "--scheduler", cluster.address)
    assert check(folder, "worker.log", *dask) == alone
    data = (folder / "worker.log").read_bytes()
    assert unnamed(check(folder, "-", *dask, given=data)) == unnamed(alone)


def test_dask_gives_the_same_report_though_a_worker_is_killed(folder: Path, alone: bytes, cluster: Cluster) -> None:
    """SIGKILL to one of two workers half-way: the other judges its blocks too."""
    victim = cluster.workers[0]
    arguments = (victim.pid, 20, "worker.log", "--jobs", 2, "--engine", "dask", "--scheduler", cluster.address)
    assert check(folder, *arguments, program=CHECK + KILL_HALF_WAY + RUN) == alone
    assert victim.wait(PATIENCE) == -signal.SIGKILL
    assert cluster.workers[1].poll() is None


def test_a_scheduler_that_is_not_there_is_one_message(folder: Path) -> None:
    """It names the address and the remedy."""
    pytest.importorskip("distributed", reason="logconform[dask] is not installed")
    code = "from logconform.check import dask_engine; dask_engine.CONNECT_SECONDS = 1\n" + CHECK + RUN
    command = [sys.executable, "-c", code, "worker.log", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    lines = done.stderr.decode().splitlines()
    assert [line.startswith("Error: tcp://127.0.0.1:9: no Dask scheduler answers there") for line in lines] == [True]


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("names", [("a.log", "b.log"), ("b.log", "a.log")])
def test_a_task_retried_on_another_worker_is_one_task(tmp_path: Path, jobs: int, names: tuple[str, str]) -> None:
    """Its executions lie in two files, whichever is read first: as many tasks as in one, and nothing is violated."""
    first, second = names
    lines = list(Sample(3, FULL, slots=4, tasks=120).lines())
    starts: dict[Any, int] = {}
    files: dict[str, list[bytes]] = {first: [], second: []}
    for line in lines:
        record = orjson.loads(line)
        task = record.get("task_id")
        starts[task] = starts.get(task, 0) + (record["event"] == "Task starting")
        files[first if starts[task] < 2 else second].append(line)
    for name, each in files.items():
        (tmp_path / name).write_bytes(b"".join(each))
    (tmp_path / "whole").write_bytes(b"".join(lines))
    whole = json.loads(check(tmp_path, "whole", "--jobs", jobs))
    assert sum(count > 1 for task, count in starts.items() if task) > 5
    made = json.loads(check(tmp_path, "a.log", "b.log", "--jobs", jobs))
    assert made["findings"] == []
    assert made["subject"]["tasks"] == whole["subject"]["tasks"]
    assert statuses(made) == statuses(whole)


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("seeds", [(5, 6), (5, 5)], ids=["own ids", "shared ids"])
def test_two_services_in_one_file_are_judged_apart(tmp_path: Path, jobs: int, seeds: tuple[int, int]) -> None:
    """Each is an environment with its name, and has the statuses that it has alone, though both name the same tasks."""
    samples = {
        style.service: list(Sample(seed, style, slots=3, tasks=60).lines())
        for seed, style in zip(seeds, STYLES, strict=False)
    }
    mixed = [line for pair in zip(*samples.values(), strict=False) for line in pair]
    rest = [line for each in samples.values() for line in each[len(mixed) // 2 :]]
    (tmp_path / "both.log").write_bytes(b"".join([*mixed, *rest]))
    made = json.loads(check(tmp_path, "both.log", "--jobs", jobs))
    assert sorted(each["name"] for each in made["environments"]) == sorted(samples)
    for service, lines in samples.items():
        (tmp_path / "one.log").write_bytes(b"".join(lines))
        one = json.loads(check(tmp_path, "one.log", "--jobs", jobs))
        apart = {each["id"]: each["environments"][service] for each in made["requirements"]}
        assert {name: each["status"] for name, each in apart.items() if each["status"] != "not_tested"} == statuses(one)


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("form", ["worker.log", "worker.log.gz", "-"])
def test_a_second_completion_far_away_is_found(tmp_path: Path, form: str, jobs: int) -> None:
    """A task was counted and folded away; 50 blocks later it completes again, which is found at its line."""
    stream = io.BytesIO()
    write_sample(stream, 11, 0, tasks=500)
    lines = stream.getvalue().splitlines(keepends=True)
    early = next(line for line in lines if b'"Task completed"' in line and b'"state"' in line)
    last = orjson.loads(lines[-1])["timestamp"].encode()
    again = early.replace(orjson.loads(early)["timestamp"].encode(), last, 1)
    data = b"".join([*lines, again])
    assert len(data) > 50 * BLOCK_BYTES
    (tmp_path / "worker.log").write_bytes(data)
    (tmp_path / "worker.log.gz").write_bytes(gzip.compress(data))
    verdict = judge_stream(read_stream(io.BytesIO(data), "worker.log"))
    expected = sorted((each.requirement, each.place.line) for each in verdict.findings if each.place)
    assert len(lines) + 1 in {line for _, line in expected}
    made = check(tmp_path, form, "--jobs", jobs, given=data if form == "-" else None)
    assert places(made) == expected
    assert json.loads(made)["subject"]["tasks"] == 500


def test_no_temporary_file_is_left(folder: Path, tmp_path: Path) -> None:
    """What was kept of standard input is gone with the process."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", CHECK + RUN, "-", "--jobs", "2"]
    data = (folder / "worker.log").read_bytes()
    subprocess.run(command, cwd=folder, input=data, env=environment, capture_output=True, timeout=PATIENCE, check=False)
    assert list(tmp_path.iterdir()) == []
