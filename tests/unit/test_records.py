"""The strict reader: what it refuses, where it says the fault is, and that it never raises."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logconform.records import (
    HARD_LIMIT,
    KEPT_BYTES,
    MAX_BYTES,
    MAX_DEPTH,
    UNTERMINATED,
    Defect,
    Place,
    read_line,
    read_stream,
)

PLACE = Place("worker.log", 7, 4_711)


def found(raw: bytes) -> list[tuple[str, int]]:
    return [(defect.requirement, defect.offset) for defect in read_line(raw, PLACE).defects]


class TestFaultless:
    @pytest.mark.parametrize(
        ("raw", "members"),
        [
            (b"{}\n", {}),
            (b' \t{ "a" :\r1 , "b": [ ] }\t \n', {"a": 1, "b": []}),
            (b'{"a": "NaN", "b": "\\"a\\":", "c": "\\\\"}\n', {"a": "NaN", "b": '"a":', "c": "\\"}),
            (b'{"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}\n', {"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}),
            (b'{"a": "\\ud800", "\\udc00": 1}\n', {"a": "\ud800", "\udc00": 1}),
            (b'{"a": "\\ud83d\\ude00\xf0\x9f\x98\x80\\u0041"}\n', {"a": "😀😀A"}),
            (b'{"a": 18446744073709551616, "b": -9223372036854775809}\n', {"a": 2**64, "b": -(2**63) - 1}),
            (b'{"a": 1e999, "b": -1E+999, "c": 0.5e-1}\n', {"a": math.inf, "b": -math.inf, "c": 0.05}),
            (b'{"a": ' + b"9" * 100_000 + b', "b": -' + b"9" * 641 + b"}\n", {"a": math.inf, "b": -math.inf}),
            (b'{"a": ' + b"9" * 640 + b"}\n", {"a": 10**640 - 1}),
            (b'{"a": "\x7f\xe2\x80\xa8"}\n', {"a": "\x7f\u2028"}),
        ],
    )
    def test_a_record_is_read_exactly(self, raw: bytes, members: dict[str, Any]) -> None:
        """What RFC 8259 allows is read without a defect, integers of up to 640 digits exactly."""
        reading = read_line(raw, PLACE)
        assert reading.defects == ()
        assert reading.record is not None
        assert reading.record.members == members
        assert (reading.record.place, reading.record.raw) == (PLACE, raw)
        assert not reading.unterminated

    def test_the_deepest_nesting_allowed(self) -> None:
        """Nesting of MAX_DEPTH levels is read, on the fast path and on the slow one."""
        inner = b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1)
        assert found(b'{"a":' + inner + b"}\n") == []
        assert found(b'{"b":1e999,"a":' + inner + b"}\n") == []

    def test_members_that_are_not_text_read_as_none(self) -> None:
        """The properties of a record give strings or None; `get` gives whatever is there."""
        record = read_line(b'{"event": 1, "level": "info", "task_id": null, "x": [2]}\n', PLACE).record
        assert record is not None
        assert (record.event, record.level, record.task_id, record.logger, record.timestamp) == (
            None,
            "info",
            None,
            None,
            None,
        )
        assert (record.get("event"), record.get("x"), record.get("y"), record.get("y", 3)) == (1, [2], None, 3)


class TestUnreadable:
    @pytest.mark.parametrize(
        ("raw", "offset"),
        [
            (b"\n", 0),
            (b" \t\n", 0),
            (b"\r\n", 0),
            (b"[1]\n", 0),
            (b' "text"\n', 1),
            (b"null\n", 0),
            (b"12\n", 0),
            (b"NaN\n", 0),
            (b"Traceback (most recent call last):\n", 0),
            (b"[2025-09-12 20:05:03,001: INFO/MainProcess] ready\n", 5),
            (b'{"a": 1} {"b": 2}\n', 9),
            (b'{"a": 1}{"a": 1}\n', 8),
            (b'{"a": 1},\n', 8),
            (b'{"a": 1\n', 7),
            (b'{"a": 1]\n', 7),
            (b'{"a" 1}\n', 5),
            (b'{"a": 1,}\n', 8),
            (b'{"a": [1,]}\n', 9),
            (b"{a: 1}\n", 1),
            (b"{'a': 1}\n", 1),
            (b'{"a": 01}\n', 7),
            (b'{"a": 1.}\n', 7),
            (b'{"a": .5}\n', 6),
            (b'{"a": +1}\n', 6),
            (b'{"a": True}\n', 6),
            (b'{"a": "\\x41"}\n', 7),
            (b'{"a": "\\u12"}\n', 7),
            (b'{"a": "b\tc"}\n', 8),
            (b'{"a": "b\x00"}\n', 8),
            (b'{"a": "b}\n', 9),
            (b'{"a": "\xff"}\n', 7),
            (b'{"a": "\xed\xa0\x80"}\n', 7),
            (b'{"a": "\xc0\x80"}\n', 7),
            (b'{\n"a": 1}\n', 1),
            (b"\xff\xfe{\x00}\x00\n", 0),
            (b'{"a": 1}\xc2\xa0\n', 8),
            (b'{"a":' * MAX_DEPTH + b"[]" + b"}" * MAX_DEPTH + b"\n", 5 * MAX_DEPTH),
            (b"[" * 200_000 + b"\n", MAX_DEPTH),
            (b'{"a": NaN, "a": 1, "a": 2\n', 25),
        ],
    )
    def test_one_fault_with_its_offset(self, raw: bytes, offset: int) -> None:
        """A line that is not one JSON object gives no record, and one FMT001 defect at the byte of its fault."""
        reading = read_line(raw, PLACE)
        assert reading.record is None
        assert found(raw) == [("FMT001", offset)]


class TestReadableWithDefects:
    @pytest.mark.parametrize(
        ("raw", "members", "defects"),
        [
            (b'{"a": 1, "a": 2}\n', {"a": 2}, [("FMT002", 9)]),
            (b'{"a": 1, "\\u0061": 2}\n', {"a": 2}, [("FMT002", 9)]),
            (b'{"x": [{"a\\n": 1, "b": "\\"", "a\\u000a": 2}]}\n', {"x": [{"a\n": 2, "b": '"'}]}, [("FMT002", 29)]),
            (b'{"": 1, "": 2, "": 3}\n', {"": 3}, [("FMT002", 8)]),
            (b'{"a": -Infinity}\n', {"a": -math.inf}, [("FMT009", 6)]),
            (b'{"a": 1, "a": Infinity}\n', {"a": math.inf}, [("FMT002", 9), ("FMT009", 14)]),
            (b'\xef\xbb\xbf{"a": 1}\n', {"a": 1}, [("FMT001", 0)]),
            (b'\xef\xbb\xbf{"a": 1, "a": 2}\n', {"a": 2}, [("FMT001", 0), ("FMT002", 12)]),
            (b'{"a": 1}\r\n', {"a": 1}, [("FMT001", 8)]),
            (b'{"a": 1}', {"a": 1}, [("FMT001", 8)]),
        ],
    )
    def test_the_record_is_kept(self, raw: bytes, members: Any, defects: list[tuple[str, int]]) -> None:
        """A fault that leaves the record readable is one defect per requirement; of a name the last value counts."""
        reading = read_line(raw, PLACE)
        assert reading.record is not None
        assert reading.record.members == members
        assert found(raw) == defects

    def test_not_a_number_is_a_float(self) -> None:
        """NaN is read as a float that is not a number, and the defect names its member."""
        reading = read_line(b'{"ratio": NaN}\n', PLACE)
        assert reading.record is not None
        assert math.isnan(reading.record.members["ratio"])
        assert reading.defects == (Defect("FMT009", '"ratio" holds NaN, which is no JSON number', 10),)

    def test_messages_are_printable(self) -> None:
        """A name with control characters or lone surrogates is shown escaped, a long one cut."""
        (defect,) = read_line(b'{"\\u001b\\ud800": 1, "\\u001b\\ud800": 2}\n', PLACE).defects
        assert defect.message == 'the member "\\u001b\\ud800" is repeated'
        long = b'"' + b"n" * 500 + b'"'
        (defect,) = read_line(b"{" + long + b":1," + long + b":2}\n", PLACE).defects
        assert len(defect.message) < 120

    def test_long_lines(self) -> None:
        """A record of 262,144 bytes with its newline is allowed; one byte more is FMT011, and the record is kept."""
        longest = b'{"a": "' + b"x" * (MAX_BYTES - 10) + b'"}\n'
        assert len(longest) == MAX_BYTES == 262_144
        assert found(longest) == []
        longer = read_line(longest.replace(b": ", b":  "), PLACE)
        assert [defect.requirement for defect in longer.defects] == ["FMT011"]
        assert longer.record is not None
        repeated = read_line(b'{"b":1,"b":2,' + longest[1:], PLACE)
        assert [defect.requirement for defect in repeated.defects] == ["FMT011", "FMT002"]
        assert repeated.record is not None

    def test_beyond_the_hard_limit_nothing_is_parsed(self) -> None:
        """A line above HARD_LIMIT is FMT011 and gives no record."""
        reading = read_line(b'{"a": "' + b"x" * HARD_LIMIT + b'"}\n', PLACE)
        assert [defect.requirement for defect in reading.defects] == ["FMT011"]
        assert reading.record is None


WHOLE = '{"a":{"é":[1.5e-7,-0,true,false,null,"\\"\\u00e9\\\\😀"]},"b":""}'.encode()


class TestCut:
    @pytest.mark.parametrize("length", range(len(WHOLE) + 1))
    def test_a_cut_record_has_no_other_defect(self, length: int) -> None:
        """Wherever a record is cut, the missing newline is the only defect."""
        reading = read_line(WHOLE[:length], PLACE)
        assert reading.defects == (Defect("FMT001", UNTERMINATED, length),)
        assert reading.unterminated
        assert (reading.record is not None) == (length == len(WHOLE))

    @pytest.mark.parametrize(("raw", "offset"), [(b"Seg", 0), (b'{"a": tri', 6), (b'{"a": 1}}', 8), (b'{"\xff', 2)])
    def test_a_fault_before_the_cut_is_told_as_well(self, raw: bytes, offset: int) -> None:
        """What no further byte could repair is a defect of its own."""
        assert found(raw) == [("FMT001", offset), ("FMT001", len(raw))]


class TestStream:
    def test_places_and_lines(self) -> None:
        """Lines are counted from 1, offsets are bytes from 0, and only line feeds separate lines."""
        lines = [b'{"a": "\xe2\x80\xa8"}\n', b"\n", b'{"b":\r1}\r\n', "{'\x85'}\n".encode(), b'{"c": 1}']
        readings = list(read_stream(io.BytesIO(b"".join(lines)), "w.log"))
        assert [reading.raw for reading in readings] == lines
        assert [reading.place.line for reading in readings] == [1, 2, 3, 4, 5]
        assert [reading.place.offset for reading in readings] == [0, 13, 14, 24, 31]
        assert [len(reading.defects) for reading in readings] == [0, 1, 1, 1, 1]
        assert [reading.unterminated for reading in readings] == [False, False, False, False, True]

    def test_an_empty_stream_has_no_lines(self) -> None:
        """An empty stream yields nothing."""
        assert list(read_stream(io.BytesIO(b""), "w.log")) == []

    def test_a_line_beyond_the_hard_limit_is_consumed(self) -> None:
        """Of an endless line only the start is kept; the next line is read at its own place."""
        giant = b"x" * (2 * HARD_LIMIT) + b"\n"
        first, second = read_stream(io.BytesIO(giant + b"{}\n"), "w.log")
        assert first.raw == b"x" * KEPT_BYTES
        assert first.record is None
        assert [(defect.requirement, defect.offset) for defect in first.defects] == [("FMT011", MAX_BYTES)]
        assert second.place == Place("w.log", 2, len(giant))
        assert second.record is not None

    def test_a_giant_line_may_be_cut_too(self) -> None:
        """A giant last line without a newline is both too long and unterminated."""
        (reading,) = read_stream(io.BytesIO(b"x" * (HARD_LIMIT + 2)), "w.log")
        assert [defect.requirement for defect in reading.defects] == ["FMT011", "FMT001"]
        assert reading.unterminated

    def test_exactly_the_hard_limit(self) -> None:
        """A line of HARD_LIMIT bytes is parsed, newline included."""
        line = b'{"a":"' + b"x" * (HARD_LIMIT - 9) + b'"}\n'
        first, second = read_stream(io.BytesIO(line + b"{}\n"), "w.log")
        assert first.record is not None
        assert second.place == Place("w.log", 2, HARD_LIMIT)

    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        """Whatever the bytes, the lines add up to the stream."""
        assert b"".join(reading.raw for reading in read_stream(io.BytesIO(data), "w.log")) == data


def strictly(text: bytes) -> tuple[Any, set[str]]:
    """Read a line with the standard library; the oracle for the properties below."""
    faults: set[str] = set()

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(members)) < len(members):
            faults.add("FMT002")
        return dict(members)

    def constant(word: str) -> float:
        faults.add("FMT009")
        return float(word)

    try:
        value = json.loads(text.decode(), object_pairs_hook=pairs, parse_constant=constant)
    except ValueError:
        return None, {"FMT001"}
    return (value, faults) if isinstance(value, dict) else (None, {"FMT001"})


KEYS = st.sampled_from(["a", "b", "\\u0061", "\\ud800", "é", '\\"', ""])
LEAVES = st.sampled_from(
    [
        "1",
        "-0",
        "1e5",
        "1E400",
        "18446744073709551616",
        "NaN",
        "-Infinity",
        "true",
        "null",
        '"x"',
        '"\\\\"',
        '"NaN"',
        "01",
    ]
)


def layouts(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    lists = st.lists(children, max_size=4).map(lambda items: f"[{', '.join(items)}]")
    members = st.lists(st.tuples(KEYS, children), max_size=4)
    return lists | members.map(lambda pairs: "{" + ",".join(f'"{key}": {value}' for key, value in pairs) + "}")


DOCUMENTS = st.recursive(LEAVES, layouts, max_leaves=12)


class TestProperties:
    @given(st.lists(st.tuples(KEYS, DOCUMENTS), max_size=5))
    def test_it_agrees_with_the_standard_library(self, pairs: list[tuple[str, str]]) -> None:
        """On what is JSON, what repeats a name and what is no number, the reader agrees with `json`."""
        text = ("{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}").encode()
        value, faults = strictly(text)
        reading = read_line(text + b"\n", PLACE)
        assert {defect.requirement for defect in reading.defects} == faults
        assert repr(reading.record and reading.record.members) == repr(value)

    @given(st.text(alphabet='{}[]":,\\u0d8 eE+-.truefalsnNaI\t\r\x00é', max_size=30))
    @example('{"a":1}\r')
    def test_it_agrees_on_near_misses(self, text: str) -> None:
        """Texts made of JSON's own characters are read exactly where `json` reads them."""
        value, faults = strictly(text.encode())
        reading = read_line(text.encode() + b"\n", PLACE)
        if not text.endswith("\r"):
            assert {defect.requirement for defect in reading.defects} == faults
            assert repr(reading.record and reading.record.members) == repr(value)

    @given(st.binary(max_size=300))
    def test_any_bytes_are_read(self, raw: bytes) -> None:
        """The reader never raises, and an offset lies within the line."""
        reading = read_line(raw, PLACE)
        assert reading.record is not None or reading.defects
        assert all(0 <= defect.offset <= len(raw) for defect in reading.defects)
