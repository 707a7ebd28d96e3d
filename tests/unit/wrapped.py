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


def kubectl(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
    return f"[pod/worker-5d4/worker] {text}\n".encode()


def compose(text: str, whole: bool = True, stream: str = "stdout") -> bytes:
    return f"worker-1  | {text}\n".encode()


WRAP: dict[str, Wrap] = {
    "docker": docker,
    "docker, spaced": docker_spaced,
    "cri": cri,
    "journal": journal,
    "fluent": fluent,
    "kubectl": kubectl,
    "compose": compose,
}
SPLITTING = ("docker", "docker, spaced", "cri", "journal", "fluent")
TELLS_STDERR = ("docker", "docker, spaced", "cri", "fluent")


def name_of(key: str) -> str:
    """Return the envelope's name."""
    return key.partition(",")[0]
