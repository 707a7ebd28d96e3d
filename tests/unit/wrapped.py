"""Wraps lines as the shippers do, for tests."""

from __future__ import annotations

import json
from collections.abc import Callable

STAMP = "2025-09-12T20:05:03.001184123Z"

Wrap = Callable[[str, bool, str], bytes]
"""From what was written, whether it is whole, and the stream, to a line."""


def docker(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
    log = text + "\n" if whole else text
    return json.dumps({"log": log, "stream": stream, "time": STAMP}, separators=(",", ":")).encode() + b"\n"


def docker_spaced(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
    return json.dumps({"stream": stream, "log": text + "\n" if whole else text, "time": STAMP}).encode() + b"\n"


def cri(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
    return f"{STAMP} {stream} {'F' if whole else 'P'} {text}\n".encode()


def journal(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
    entry = {
        "__REALTIME_TIMESTAMP": "1757707503001184",
        "_TRANSPORT": "stdout",
        "_SYSTEMD_UNIT": f"{stream}.service",
        "_PID": "17",
        "MESSAGE": text if text.isascii() else list(text.encode()),
    }
    return json.dumps(entry if whole else {**entry, "_LINE_BREAK": "line-max"}).encode() + b"\n"


def fluent(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
    entry = {"date": 1757707503.0, "log": text, "container_id": "c1", "source": stream}
    return json.dumps(entry if whole else {**entry, "partial_message": "true"}).encode() + b"\n"


def _after(prefix: str) -> Wrap:
    def wrap(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
        return f"{prefix}{text}\n".encode()

    return wrap


def _member(name: str, **others: object) -> Wrap:
    def wrap(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
        return json.dumps({**others, name: text}).encode() + b"\n"

    return wrap


WRAP: dict[str, Wrap] = {
    "docker": docker,
    "docker, spaced": docker_spaced,
    "cri": cri,
    "journal": journal,
    "fluent": fluent,
    "kubectl": _after("[pod/worker-5d4/worker] "),
    "compose": _after("worker-1  | "),
    "stamped": _after(f"{STAMP} "),
    "stamped, milliseconds": _after("2025-09-12T20:05:03.001Z "),
    "stamped, labels": _after('2025-09-12T22:05:03+02:00 {app="worker", pod="w-1"} '),
    "stamped, program": _after("2025-09-12T20:05:03.001184+00:00 host-1 worker[123]: "),
    "syslog": _after("Sep 12 20:05:03 host-1 worker[123]: "),
    "syslog, RFC 5424": _after("<14>1 2025-09-12T20:05:03.001184Z host-1 worker 123 - - "),
    "message": _member("message", source_type="kubernetes_logs", timestamp="2025-09-12T20:05:03Z"),
    "message, CloudWatch": _member("@message", **{"@timestamp": "2025-09-12 20:05:03.001"}),
    "message, logcli": _member("line", labels={"app": "worker"}, timestamp=STAMP),
    "message, GELF": _member("short_message", version="1.1", host="h", timestamp=1757707503.001, level=6),
}
SPLITTING = ("docker", "docker, spaced", "cri", "journal", "fluent")
TELLS_STDERR = ("docker", "docker, spaced", "cri", "fluent")


def name_of(key: str) -> str:
    """Return the envelope's name."""
    return key.partition(",")[0]
