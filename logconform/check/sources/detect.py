"""Which shipper wrapped a source, told from its first lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from logconform.check.sources.envelopes import (
    COMPOSE_LINE,
    CRI_LINE,
    KUBECTL_LINE,
    STAMPED_LINE,
    SYSLOG_LINE,
    is_record,
    object_of,
    text_of,
)

FIRST_LINES = 32
"""How many lines are looked at."""
FIRST_BYTES = 1 << 18
"""How many bytes are looked at: a wrapped line has at most about 100 kB."""

_DOCKER = {"log", "stream", "time", "attrs"}


def detect(first_lines: Sequence[bytes]) -> str | None:
    """
    Return the name of the envelope that most of *first_lines* have, None for plain lines.

    A record of a log stream is never taken for a wrapped one, whatever its
    members are called.

    >>> detect([b'2025-09-12T20:05:03.001184123Z stdout F {"event": "Task starting"}'])
    'cri'
    """
    lines = [line for line in first_lines[:FIRST_LINES] if line.strip()]
    names = Counter(name for line in lines if (name := _envelope(line)))
    if not names:
        return None
    if "docker" in names:
        names["docker"] += names.pop("fluent", 0)  # without a newline, a chunk of a line can look like a whole one
    name, count = names.most_common(1)[0]
    if count * 2 <= len(lines) or (name in _PREFIX and not any(_PREFIX[name].sub(b"", x)[:1] == b"{" for x in lines)):
        return None
    return name


_PREFIX = {"kubectl": KUBECTL_LINE, "compose": COMPOSE_LINE, "stamped": STAMPED_LINE, "syslog": SYSLOG_LINE}


def first_lines(head: bytes) -> list[bytes]:
    """Return the lines at the beginning of a source that are whole, or the only one."""
    lines = head.split(b"\n", FIRST_LINES)
    return lines[:-1] or lines


def _envelope(line: bytes) -> str | None:
    if CRI_LINE.match(line):
        return "cri"
    for name, pattern in _PREFIX.items():
        if pattern.match(line):
            return name
    members = object_of(line)
    if members is None or is_record(members):
        return None
    if "MESSAGE" in members and "__REALTIME_TIMESTAMP" in members:
        return "journal"
    log = members.get("log")
    if type(log) is str:
        return _of_log(log, members)
    inner = object_of((text_of(members) or "").encode())
    return "message" if inner is not None else None


def _of_log(log: str, members: dict[str, Any]) -> str | None:
    """Tell Docker's own file, where a line without a newline goes on, from what a collector made of it."""
    inner = object_of(log.encode())
    if members.keys() <= _DOCKER and {"stream", "time"} <= members.keys():
        return "fluent" if inner is not None and not log.endswith("\n") else "docker"
    return "fluent" if inner is not None else None
