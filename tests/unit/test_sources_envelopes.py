"""Envelopes: shippers are told from the first lines, and what they wrapped comes out as it was written."""

from __future__ import annotations

import json

import pytest

from logconform.check.sources import Unwrapper, detect
from logconform.check.sources.envelopes import LEFT_OUT
from logconform.check.sources.unwrap import Lines, unwrap
from tests.unit.wrapped import SPLITTING, TELLS_STDERR, WRAP, cri, docker, journal, name_of

RECORD = '{"timestamp": "t", "level": "info", "event": "Täsk \\n\\\\ P stdout F", "log": "x", "MESSAGE": "y"}'
PLAIN = RECORD.encode() + b"\n"


@pytest.mark.parametrize("key", WRAP)
def test_an_envelope_is_told_and_taken_off(key: str) -> None:
    """Every record comes out byte for byte, with the line and byte at which it stands."""
    line = WRAP[key](RECORD, True, "stdout")
    assert detect([line]) == name_of(key)
    made = unwrap(name_of(key), line * 3, 100)
    assert (made.text, made.physical, made.stderr) == (PLAIN * 3, 3, frozenset())
    assert list(made.places or ()) == [(number, 100 + number * len(line)) for number in range(3)]


@pytest.mark.parametrize("key", TELLS_STDERR)
def test_records_of_standard_error_are_told(key: str) -> None:
    """By their number within the block."""
    wrap = WRAP[key]
    data = wrap(RECORD, True, "stdout") + wrap(RECORD, True, "stderr") + wrap(RECORD, True, "stdout")
    assert unwrap(name_of(key), data, 0).stderr == {1}


@pytest.mark.parametrize("key", SPLITTING)
def test_what_a_shipper_split_is_joined_stream_by_stream(key: str) -> None:
    """A record stands where its first part stands; another stream's lines may come between."""
    wrap = WRAP[key]
    lines = [
        wrap(RECORD[:10], False, "stdout"),
        wrap("oh", False, "stderr"),
        wrap(RECORD[10:20], False, "stdout"),
        wrap(" no", True, "stderr"),
        wrap(RECORD[20:], True, "stdout"),
    ]
    made = unwrap(name_of(key), b"".join(lines), 0)
    assert made.text == b"oh no\n" + PLAIN
    assert list(made.places or ()) == [(1, len(lines[0])), (0, 0)]
    unwrapper = Unwrapper(name_of(key))
    assert [text for line in lines for text, _ in unwrapper.feed(line)] == [b"oh no\n", PLAIN]
    assert unwrapper.flush() == []


def test_a_record_that_breaks_off_has_no_newline() -> None:
    """What is still open at the end is given as a cut line."""
    assert unwrap("docker", docker(RECORD[:10], False), 0).text == PLAIN[:10]
    unwrapper = Unwrapper("cri")
    assert unwrapper.feed(cri(RECORD[:10], False, "stderr")) == []
    assert unwrapper.flush() == [(PLAIN[:10], True)]
    assert unwrap("cri", cri(RECORD)[:-5], 0).text == PLAIN[:-5]


@pytest.mark.parametrize("key", WRAP)
@pytest.mark.parametrize("line", [b"a banner\n", b"\n", PLAIN, b'{"log": \n', b'{"log": 1}\n', b"[]\n", b'{"log"\r\n'])
def test_lines_without_the_envelope_pass_as_they_are(key: str, line: bytes) -> None:
    """Wherever they stand, and whatever they are."""
    wrapped = WRAP[key](RECORD, True, "stdout")
    made = unwrap(name_of(key), wrapped + line + wrapped, 0)
    assert made.text == PLAIN + line + PLAIN
    assert list(made.places or ()) == [(0, 0), (1, len(wrapped)), (2, len(wrapped) + len(line))]


@pytest.mark.parametrize("key", WRAP)
def test_a_wrapped_line_that_breaks_off_is_a_cut_line(key: str) -> None:
    """The last record of a file that was cut has no newline."""
    line = WRAP[key](RECORD, True, "stdout")
    made = unwrap(name_of(key), line + line[:-4], 0)
    assert made.physical == 2
    assert made.text.startswith(PLAIN)
    assert not made.text.endswith(b"\n")


def test_the_journal_gives_text_bytes_or_nothing() -> None:
    """A message that journalctl left out is told with the remedy; what systemd says itself is not the worker's."""
    started = {
        "__REALTIME_TIMESTAMP": "1",
        "_TRANSPORT": "journal",
        "SYSLOG_IDENTIFIER": "systemd",
        "MESSAGE": "Started",
    }
    null = {**json.loads(journal("x")), "MESSAGE": None}
    data = b"".join(
        [journal("ascii"), json.dumps(started).encode() + b"\n", json.dumps(null).encode() + b"\n", journal("é")]
    )
    made = unwrap("journal", data, 0)
    assert (made.text, made.physical, made.problems) == ("ascii\né\n".encode(), 4, ((2, LEFT_OUT),))
    assert [line for line, _ in made.places or ()] == [0, 3]
    unwrapper = Unwrapper("journal")
    assert unwrapper.feed(json.dumps(null).encode()) == []
    assert (unwrapper.problems(), unwrapper.problems()) == ([LEFT_OUT], [])


def test_a_newline_within_an_entry_begins_another_record() -> None:
    """Both stand on the same line."""
    data = docker('{"a": 1}\n{"b": 2}') + docker("{}")
    made = unwrap("docker", data, 0)
    assert made.text == b'{"a": 1}\n{"b": 2}\n{}\n'
    assert [line for line, _ in made.places or ()] == [0, 0, 1]


def test_plain_lines_are_given_as_they_are() -> None:
    """Without an envelope nothing is looked at; the last line may be a cut one."""
    assert unwrap(None, PLAIN + b"{", 7) == Lines(PLAIN + b"{", None, 2)
    assert Unwrapper(None).feed(PLAIN) == [(PLAIN, False)]


UNWRAPPED = [
    [],
    [b""],
    [PLAIN],
    [b'{"timestamp": "t", "event": "x", "log": "{}\\n", "stream": "stdout", "time": "t"}'],
    [b'{"level": "info", "event": "x", "MESSAGE": "{}", "__REALTIME_TIMESTAMP": "1"}'],
    [b'{"log": "text", "a": 1}'],
    [b'{"MESSAGE": "x"}'],
    [b"[]", b"1", b'"log"', b"null"],
    [b"worker-1  | starting", b"worker-1  | ready"],
    [b"2025-09-12T20:05:03.001184Z " + PLAIN],
    [b"2025-09-12 20:05:03,001 " + PLAIN],
    [b"INFO:root:" + PLAIN],
    [b'{"timestamp": "t", "level": "info", "message": "Task starting"}'],
    [b'{"timestamp": "t", "level": "info", "message": "{\\"a\\": 1}"}'],
    [b'{"message": ' + json.dumps(RECORD).encode() + b', "levelname": "INFO"}'],
    [docker(RECORD), PLAIN],
    [b"\x00\xff", b"{" * 1000],
]


@pytest.mark.parametrize("lines", UNWRAPPED)
def test_a_plain_source_is_never_mistaken_for_a_wrapped_one(lines: list[bytes]) -> None:
    """A record may have members called `log` or `MESSAGE`; one wrapped line among others proves nothing."""
    assert detect(lines) is None


@pytest.mark.parametrize("key", WRAP)
def test_an_envelope_is_told_with_a_torn_line_in_front(key: str) -> None:
    """A sample may begin in the middle of a line, and hold banners."""
    wrap = WRAP[key]
    whole = wrap(RECORD, True, "stdout")
    assert detect([whole[9:], whole, whole, b"\n"]) == name_of(key)


def test_docker_is_told_from_what_a_collector_made_of_it() -> None:
    """Docker marks the end of a line with a newline; without any, each entry is a line."""
    line = b'{"log": "{\\"event\\": \\"x\\"}", "stream": "stdout", "time": "t"}\n'
    assert detect([line]) == "fluent"
    assert detect([line, docker(RECORD)]) == "docker"
    assert detect([docker(RECORD[:20], False)]) == "docker"
    assert unwrap("fluent", line * 2, 0).text == b'{"event": "x"}\n' * 2
