"""The worker process and its captured streams: real processes, real signals, bounded waits."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from logconform.lab import process as process_module
from logconform.lab.brokers import Broker
from logconform.lab.capture import Capture
from logconform.lab.command import worker_command
from logconform.lab.process import MARKER, WorkerProcess, guard
from logconform.lab.process_environment import worker_environment

READY = "print('ready', flush=True)"
SLEEPER = "[sys.executable, '-c', 'import time; time.sleep(120)']"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    started: list[WorkerProcess] = []

    def start(program: str, **options: Any) -> WorkerProcess:
        """Run *program* until it has printed its first line."""
        number = len(started)
        worker = WorkerProcess(
            [sys.executable, "-c", program],
            worker_environment(tmp_path),
            tmp_path,
            tmp_path / f"out{number}",
            tmp_path / f"err{number}",
            **options,
        )
        started.append(worker)
        wait_until(lambda: b"\n" in worker.stdout.path.read_bytes(), f"the first line of {program!r}")
        return worker

    yield start
    for worker in started:
        worker.kill()


def wait_until(condition: Callable[[], object], what: str, timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def printed_pids(worker: WorkerProcess) -> list[int]:
    return [int(word) for word in worker.stdout.path.read_text().split() if word.isdigit()]


# How it ends


def test_a_process_that_obeys_sigterm_gets_nothing_else(start):
    """A process that obeys SIGTERM is sent that alone, and what it writes on the way out is captured."""
    worker = start(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye') or 7))\n"
        f"{READY}\ntime.sleep(120)"
    )
    ending = worker.stop()
    assert (ending.exit_code, ending.signals, ending.leftovers) == (7, ("SIGTERM",), ())
    assert ending.streams_complete
    assert worker.stdout.path.read_bytes() == b"ready\nbye\n"
    assert not worker.alive


def test_a_process_that_ended_by_itself_gets_no_signal(start):
    """A process that ended by itself is sent nothing, and keeps its exit code."""
    worker = start(f"{READY}\nraise SystemExit(5)")
    assert worker.wait_exit(10.0)
    assert (worker.stop().signals, worker.exit_code) == ((), 5)


@pytest.mark.parametrize(
    ("ignored", "signals", "exit_code"),
    [
        (["SIGTERM"], ("SIGTERM", "SIGQUIT"), -signal.SIGQUIT),
        (["SIGTERM", "SIGQUIT"], ("SIGTERM", "SIGQUIT", "SIGKILL"), -signal.SIGKILL),
    ],
)
def test_a_process_that_ignores_signals_is_ended_by_the_next(start, monkeypatch, ignored, signals, exit_code):
    """A process that ignores SIGTERM gets SIGQUIT, one that ignores both SIGKILL."""
    monkeypatch.setattr(process_module, "COLD_SECONDS", 0.5)
    deaf = "\n".join(f"signal.signal(signal.{name}, signal.SIG_IGN)" for name in ignored)
    # Without a core file, should the machine write some on SIGQUIT.
    no_core = "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))"
    worker = start(f"import resource, signal, time\n{no_core}\n{deaf}\n{READY}\ntime.sleep(120)")
    ending = worker.stop(warm_timeout=0.3)
    assert (ending.signals, ending.exit_code) == (signals, exit_code)
    assert ending.seconds < 5.0


def test_a_process_that_sleeps_on_its_signal_is_woken(start: Callable[..., WorkerProcess], tmp_path: Path) -> None:
    """As Celery does on AMQP, until a message comes: it ends by SIGTERM, and not by what would follow."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    worker = start(
        "import signal, sys\n"
        "told = []\n"
        "signal.signal(signal.SIGTERM, lambda *_: told.append(1))\n"
        f"{READY}\n"
        f"stream = open({str(pipe)!r}, 'rb', buffering=0)\n"
        "while not told:\n"
        "    stream.read(1)\n"
    )
    with pipe.open("wb", buffering=0) as writer:
        ending = worker.stop(wake=lambda: writer.write(b"x") and None)
    assert (ending.exit_code, ending.signals) == (0, ("SIGTERM",))


def test_stopping_twice_tells_the_same(start):
    """A second stop, or a kill after a stop, repeats the first one's record."""
    worker = start(f"{READY}\nimport time; time.sleep(120)")
    assert worker.stop() is worker.stop() is worker.kill()


def test_a_command_that_cannot_be_run_is_an_error(tmp_path):
    """A program that doesn't exist raises, and leaves nothing to stop."""
    with pytest.raises(FileNotFoundError):
        WorkerProcess([str(tmp_path / "none")], {}, tmp_path, tmp_path / "out", tmp_path / "err")


# Its descendants


CHILDREN = {
    "child": f"subprocess.Popen({SLEEPER})",
    "child_with_a_session_of_its_own": f"subprocess.Popen({SLEEPER}, start_new_session=True)",
    "child_without_the_marker": f"subprocess.Popen({SLEEPER}, env={{}})",
    "child_with_its_own_session_and_no_marker": f"subprocess.Popen({SLEEPER}, env={{}}, start_new_session=True)",
}


@pytest.mark.parametrize("spawn", CHILDREN.values(), ids=CHILDREN.keys())
def test_descendants_that_stay_are_killed_and_named(start, monkeypatch, spawn):
    """A child that survives the process is killed, wherever it went, and the record names it."""
    monkeypatch.setattr(process_module, "GRACE_SECONDS", 0.1)
    worker = start(f"import subprocess, sys, time\nchild = {spawn}\nprint(child.pid, flush=True)\ntime.sleep(120)")
    (child,) = printed_pids(worker)
    ending = worker.stop()
    assert [leftover.split()[0] for leftover in ending.leftovers] == [str(child)]
    assert "time.sleep(120)" in ending.leftovers[0]
    assert gone(child)


def test_a_daemon_is_found_after_its_parents_died(start, monkeypatch):
    """A grandchild with a session of its own, whose parent is gone, is known by its environment."""
    monkeypatch.setattr(process_module, "GRACE_SECONDS", 0.1)
    parent = f"import subprocess, sys; print(subprocess.Popen({SLEEPER}, start_new_session=True).pid, flush=True)"
    worker = start(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {parent!r}])")
    assert worker.wait_exit(10.0)
    (daemon,) = printed_pids(worker)
    assert not gone(daemon)
    assert [leftover.split()[0] for leftover in worker.stop().leftovers] == [str(daemon)]
    assert gone(daemon)


def test_descendants_that_follow_are_no_leftovers(start):
    """A child that ends with its parent, a moment later, is not counted against it."""
    child = "import sys; sys.stdin.read()"
    worker = start(
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdin=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\ntime.sleep(120)"
    )
    (pid,) = printed_pids(worker)
    assert worker.stop().leftovers == ()
    assert gone(pid)


LAB = """
import sys, time
from pathlib import Path
from urllib.parse import urlsplit
from logconform.lab.brokers import open_broker
from logconform.lab.process import WorkerProcess
from logconform.lab.process_environment import worker_environment

folder = Path(sys.argv[1])
with open_broker("embedded", folder) as broker:
    child = f"import subprocess, sys, time; print(subprocess.Popen({sleeper}, start_new_session=True).pid, flush=True)"
    worker = WorkerProcess(
        [sys.executable, "-c", child + "; time.sleep(120)"],
        worker_environment(folder), folder, folder / "out", folder / "err",
    )
    while not (folder / "out").read_bytes().endswith(b"\\n"):
        assert worker.alive
        time.sleep(0.01)
    print(urlsplit(broker.url).port, worker.pid, (folder / "out").read_text().strip(), flush=True)
    {end}
"""


@pytest.mark.parametrize(
    "end",
    ["time.sleep(120)", "raise KeyboardInterrupt", "sys.exit(3)"],
    ids=["lab_killed", "lab_interrupted", "lab_exits"],
)
def test_nothing_outlives_the_lab(tmp_path, end):
    """Whether the lab is killed or ends early, its processes go, a daemonized one and the broker's included."""
    word = uuid.uuid4().hex
    program = LAB.replace("{end}", end).replace("{sleeper}", SLEEPER)
    lab = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=worker_environment(Path.cwd()) | {MARKER: word},
        text=True,
    )
    try:
        assert lab.stdout is not None
        port, *pids = [int(word) for word in lab.stdout.readline().split()]
        assert len(pids) == 2
        if "sleep" in end:
            lab.kill()
        lab.wait(10.0)
        wait_until(lambda: all(map(gone, pids)), "the worker and its daemon to go")
        wait_until(lambda: not marked(word), "every process of the lab to go")
        wait_until(lambda: refuses(port), "the broker to go")
    finally:
        lab.kill()
        lab.communicate()
        for survivor in marked(word):
            survivor.kill()


def refuses(port: int) -> bool:
    # By its port: Redis sets its title, which wipes the environment that would show whose it is.
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def marked(word: str) -> list[psutil.Process]:
    return [process for process in process_module.find_family(word, -1) if not gone(process.pid)]


def test_the_guard_leaves_forgotten_processes_alone(start):
    """The guard kills the families it still watches, and no other."""
    watched, forgotten = (start(f"{READY}\nimport time; time.sleep(120)") for _ in range(2))
    guard([f"watch a {watched.pid}\n", f"watch b {forgotten.pid}\n", "forget b\n"])
    assert watched.wait_exit(5.0)
    assert forgotten.alive


# Its command and environment


def test_the_command_is_celerys_worker():
    """The worker command names app, broker and pool, and keeps Celery from talking to other workers."""
    broker = Broker("redis://b/0", "redis://b/1", "redis://b")
    command = worker_command(
        "shop:app", pool="threads", concurrency=2, broker=broker, includes=["a", "b"], extra=["-E"]
    )
    name = command[command.index("--hostname") + 1]
    assert name.startswith("logconform-")
    assert " ".join(command[1:]) == (
        "-P -m celery --quiet --app shop:app --broker redis://b/0 --result-backend redis://b/1 worker --pool threads"
        f" --concurrency 2 --loglevel INFO --hostname {name} --without-gossip --without-mingle --without-heartbeat"
        " --include a,b -E"
    )


def test_the_environment_is_ours_without_pytests(monkeypatch, tmp_path):
    """A worker inherits the environment, with its folder first on the path and pytest's variables left out."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    monkeypatch.setenv("COVERAGE_FILE", "kept")
    monkeypatch.setenv("PYTHONPATH", "theirs")
    env = worker_environment(tmp_path, {"LAYER": "1"}, {"LAYER": "2"})
    assert [name for name in env if name.startswith("PYTEST_")] == []
    assert (env["COVERAGE_FILE"], env["LAYER"]) == ("kept", "2")
    paths = env["PYTHONPATH"].split(os.pathsep)
    assert (paths[0], paths[-1]) == (str(tmp_path), "theirs")


@pytest.mark.parametrize(
    ("name", "importable"), [("logging.py", False), ("email/__init__.py", False), ("test/__init__.py", True)]
)
def test_a_folder_that_hides_pythons_own_modules_is_not_importable(monkeypatch, tmp_path, name, importable):
    """A service may have a `logging.py`; Celery finds its app without it standing in front of Python's."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert (str(tmp_path) in worker_environment(tmp_path)["PYTHONPATH"].split(os.pathsep)) is importable


# Its streams


def captured(tmp_path: Path, **options: Any) -> tuple[Capture, int]:
    reader, writer = os.pipe()
    return Capture(reader, tmp_path / "stream", **options), writer


def test_a_capture_is_exact(tmp_path):
    """Five megabytes of any bytes arrive in order and unchanged."""
    capture, writer = captured(tmp_path)
    content = random.Random(17).randbytes(5_000_000) + b"\xff\xfe\x00\r\n\xed\xa0\x80"
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(content)
    assert capture.close()
    assert capture.path.read_bytes() == content
    assert (capture.bytes_seen, capture.truncated, capture.flooded) == (len(content), False, False)


def test_a_capture_keeps_the_start_and_counts_the_rest(tmp_path):
    """Past its limit a capture reads on, keeps exactly the limit, and says that it is truncated."""
    capture, writer = captured(tmp_path, limit_bytes=100_001)
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(b"x" * 150_000)
    assert capture.close()
    assert capture.path.read_bytes() == b"x" * 100_001
    assert (capture.bytes_seen, capture.truncated, capture.flooded) == (150_000, True, False)


def test_a_flood_is_noticed_and_bounded(start):
    """A process that never stops writing keeps running, is known as a flood, and fills no more than the limit."""
    worker = start("while True: print('x' * 1000)", limit_bytes=50_000)
    wait_until(lambda: worker.flooded, "the flood to be noticed")
    assert worker.alive
    assert worker.kill().streams_complete
    assert worker.stdout.path.stat().st_size == 50_000


def test_a_capture_ends_although_a_writer_stays(tmp_path):
    """Closing takes what has arrived and returns, also while somebody still holds, and floods, the pipe."""
    capture, writer = captured(tmp_path, limit_bytes=1_000_000)
    stop = threading.Event()

    def flood() -> None:
        try:
            while not stop.is_set():
                os.write(writer, b"y" * 1000)
        except BrokenPipeError:
            pass

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    assert capture.wait_idle(quiet=5.0, timeout=0.05) is False
    assert capture.close(timeout=0.1) is False
    stop.set()
    thread.join(5.0)
    os.close(writer)
    assert capture.path.stat().st_size == min(capture.bytes_seen, 1_000_000) > 0


def test_a_capture_tells_when_it_is_idle(tmp_path):
    """A stream is idle once nothing has come for a while, and at once when it has ended."""
    capture, writer = captured(tmp_path)
    os.write(writer, b"line\n")
    assert capture.wait_idle(quiet=0.1, timeout=5.0)
    assert capture.path.read_bytes() == b"line\n"
    os.close(writer)
    assert capture.close()
    assert capture.wait_idle(quiet=60.0, timeout=60.0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_capture_drains_on_when_it_cannot_write():
    """With a full disk the capture keeps reading, so that the worker doesn't hang, and tells why bytes are missing."""
    reader, writer = os.pipe()
    capture = Capture(reader, Path("/dev/full"))
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(b"z" * 300_000)
    assert capture.close()
    assert (capture.bytes_seen, capture.truncated) == (300_000, True)
    assert capture.error is not None
