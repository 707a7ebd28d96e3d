"""What shippers wrap around the lines of a process: one function for each, from a line to an entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

LEFT_OUT = "journalctl left out a message of more than 4,096 bytes; export it again with --all"


class Entry(NamedTuple):
    """
    What a shipper wrapped.

    *text* is what the process wrote, with its newline, or None where it wrote
    nothing: the shipper speaks itself, or left out what *lost* tells. An entry
    that is not *whole* goes on in the next one of the same *stream*.
    """

    text: bytes | None
    whole: bool = True
    stream: str = ""
    stderr: bool = False
    lost: str | None = None


Parse = Callable[[bytes], Entry | None]
"""From a line, with its newline if it has one, to its entry; None where the line has no envelope."""

CRI_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT[^ \n]{1,48}")
CRI_LINE = re.compile(CRI_STAMP.pattern + rb" (stdout|stderr) ([FP])(?::[^ \n]*)?(?: |(?=\n|\Z))")
KUBECTL_LINE = re.compile(rb"\[pod/[^\]\s]+/[^\]\s]+\] ")
COMPOSE_LINE = re.compile(rb"[\w.-]+-\d+ +\| ")
_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
_ZONE = rb"(?:Z|[+-]\d\d:?\d\d)"
_LABELS = rb"\{[^{}\n]*\} "
_PROGRAM = rb"[^\s{\"]+ [^\s{\":]+: "
STAMPED_LINE = re.compile(
    rb"%b(?:\.(?:\d{9}|\d{3})%b |(?:\.\d+)?%b (?:%b|%b))(?=\{\")" % (_TIME, _ZONE, _ZONE, _LABELS, _PROGRAM)
)
"""
`kubectl logs --timestamps` and CloudWatch, in nano- and milliseconds; with labels: logcli; with a program: syslog.

In microseconds a worker may have written the time itself, which is its own fault.
"""
SYSLOG_LINE = re.compile(
    rb"(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d %b(?=\{\")"
    rb"|<\d{1,3}>1 (?:[^\s{\"]+ ){5}(?:-|(?:\[[^\]\n]*\])+) (?:\xef\xbb\xbf)?(?=\{\")" % _PROGRAM
)
"""RFC 3164 and RFC 5424."""
TEXT_MEMBERS = {
    "message": {"@timestamp", "source_type", "ingestionTime", "logStreamName"},
    "@message": {"@timestamp", "@ptr", "@logStream"},
    "line": {"labels"},
    "short_message": {"version"},
}
"""
Where Vector, Beats, CloudWatch, logcli and GELF have the line, and beside it what only they write.

A worker that encodes its record twice has it in a text too, which is its own fault.
"""
_OWN = ("kernel", "audit", "driver")
_SIGNS = {"journal": b"line-max", "fluent": b"partial_message"}


def is_record(members: Mapping[str, Any]) -> bool:
    """Whether an object is a record of a log stream, whatever else it has."""
    return "event" in members and ("level" in members or "timestamp" in members)


def docker(line: bytes) -> Entry | None:
    """Read an entry of Docker's json-file, which splits lines at 16 kB: what has no newline goes on."""
    members = _members(line)
    if members is None:
        return None
    log, stream = members.get("log"), members.get("stream")
    if type(log) is not str or stream not in ("stdout", "stderr"):
        return None
    text = log.encode()
    return Entry(text, text.endswith(b"\n"), stream, stream == "stderr")


def fluent(line: bytes) -> Entry | None:
    """Read an entry of Fluent Bit or Fluentd: a whole line under `log`, unless it says that it is partial."""
    members = _members(line)
    log = members.get("log") if members else None
    if members is None or type(log) is not str:
        return None
    source = members.get("stream", members.get("source"))
    stream = f"{members.get('container_id')} {source}"
    text = log.encode().removesuffix(b"\n")
    if _true(members.get("partial_message")) and not _true(members.get("partial_last")):
        return Entry(text, False, stream, source == "stderr")
    return Entry(text + b"\n", True, stream, source == "stderr")


def journal(line: bytes) -> Entry | None:
    """Read an entry of `journalctl -o json`: `MESSAGE` is text, a list of bytes, or null where it was too long."""
    members = _members(line)
    if members is None or "MESSAGE" not in members or not any(name.startswith("__") for name in members):
        return None
    transport, stream = members.get("_TRANSPORT"), f"{members.get('_SYSTEMD_UNIT')} {members.get('_STREAM_ID')}"
    if transport in _OWN or (transport == "journal" and members.get("SYSLOG_IDENTIFIER") == "systemd"):
        return Entry(None, stream=stream)
    text = _message(members["MESSAGE"])
    if text is None:
        return Entry(None, stream=stream, lost=LEFT_OUT) if members["MESSAGE"] is None else None
    if members.get("_LINE_BREAK") == "line-max":
        return Entry(text, False, stream)
    return Entry(text.removesuffix(b"\n") + b"\n", True, stream)


def cri(line: bytes) -> Entry | None:
    """Read a line of a Kubernetes node: time, stream, `F` or, where it goes on, `P`, and what was written."""
    found = CRI_LINE.match(line)
    if found is None:
        return None
    stream, whole, text = found[1], found[2] == b"F", line[found.end() :]
    return Entry(text if whole else text.removesuffix(b"\n"), whole, stream.decode(), stream == b"stderr")


def kubectl(line: bytes) -> Entry | None:
    """Read a line of `kubectl logs --prefix`."""
    return _after(KUBECTL_LINE.match(line), line)


def compose(line: bytes) -> Entry | None:
    """Read a line of `docker compose logs`."""
    return _after(COMPOSE_LINE.match(line), line)


def stamped(line: bytes) -> Entry | None:
    """Read a line with a time in front, and maybe labels, or a host and a program."""
    return _after(STAMPED_LINE.match(line), line)


def syslog(line: bytes) -> Entry | None:
    """Read a line of syslog."""
    return _after(SYSLOG_LINE.match(line), line)


def message(line: bytes) -> Entry | None:
    """Read an entry of a log store: the line, whole, is the text of one of its members."""
    members = _members(line)
    text = text_of(members) if members else None
    return None if text is None else Entry(text.encode().removesuffix(b"\n") + b"\n")


def text_of(members: Mapping[str, Any]) -> str | None:
    """Return the line that an entry of a log store has."""
    for name, others in TEXT_MEMBERS.items():
        text = members.get(name)
        if type(text) is str and not others.isdisjoint(members):
            return text
    return None


ENVELOPES: dict[str, Parse] = {
    "docker": docker,
    "cri": cri,
    "journal": journal,
    "fluent": fluent,
    "kubectl": kubectl,
    "compose": compose,
    "stamped": stamped,
    "syslog": syslog,
    "message": message,
}
"""Name of an envelope → what reads a line of it."""


def may_split(envelope: str, data: bytes | bytearray) -> bool:
    """Whether some entry in *data*, whole lines, may go on in a later one; only False is certain."""
    if envelope == "docker":
        # A newline at the end of `log`; with one more backslash it is the two characters.
        ended = data.count(b'\\n","stream":"')
        return ended != data.count(b"\n") or b'\\\\n","stream":"' in data
    if envelope == "cri":
        return b" stdout P" in data or b" stderr P" in data
    sign = _SIGNS.get(envelope)
    return sign is not None and sign in data


def object_of(line: bytes) -> dict[str, Any] | None:
    """Return the members of a line that is one JSON object, else None."""
    if not line.startswith(b"{"):
        return None
    try:
        members = orjson.loads(line)
    except ValueError:
        return None
    return members if type(members) is dict else None


def _members(line: bytes) -> dict[str, Any] | None:
    members = object_of(line)
    return None if members is None or is_record(members) else members


def _message(value: Any) -> bytes | None:
    if type(value) is str:
        return value.encode()
    if type(value) is not list:
        return None
    try:
        return bytes(value)
    except (TypeError, ValueError):
        return None


def _true(value: Any) -> bool:
    return value is True or value == "true"


def _after(found: re.Match[bytes] | None, line: bytes) -> Entry | None:
    return Entry(line[found.end() :]) if found else None
