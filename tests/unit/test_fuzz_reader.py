"""The reader and the `json` module agree on what is JSON, whatever befalls a line."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logconform.records import Place, Reading, read_line
from tests.unit.mutations import BYTES, MEMBERS, mutated
from tests.unit.sample_generator import STYLES, Sample

PLACE = Place("worker.log", 1, 0)
DEEP = 64
"""Nesting that both sides take: the reader has a limit of its own, and so has the `json` module."""
FUZZ = settings(max_examples=400, deadline=None)
SHORT = b'{"a": "\\u0041", "b": [1, -2.5e3, true, null], "c": {"d": ""}}\n'


class Repeated(ValueError):
    """A name was repeated in one object."""


def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Repeated
    return members


def refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def strict(line: bytes) -> dict[str, Any] | None:
    """
    Return the members of a line, its newline left out, as the `json` module reads them strictly.

    None for what is no JSON object in UTF-8, alone on its line.

    Raises:
        Repeated: If an object repeats a name, and has no other fault.
    """
    try:
        members = json.loads(line.decode("utf-8"), object_pairs_hook=unrepeated, parse_constant=refused)
    except Repeated:
        json.loads(line.decode(), parse_constant=refused)  # a second fault counts for more
        raise
    return members if isinstance(members, dict) else None


def expected(raw: bytes) -> tuple[str, dict[str, Any] | None]:
    """Return what the `json` module makes of a line: `record`, `repeats` or `refused`; and the members."""
    line = raw.removesuffix(b"\n")
    if not raw.endswith(b"\n") or b"\n" in line or line.endswith(b"\r"):
        return "refused", None
    try:
        members = strict(line)
    except Repeated:
        return "repeats", None
    except ValueError:
        return "refused", None
    return ("refused" if members is None else "record"), members


def found(reading: Reading) -> str:
    """Return what the reader makes of a line, in the same words."""
    requirements = {each.requirement for each in reading.defects} - {"FMT011"}
    if not requirements:
        assert reading.record is not None
        return "record"
    return "repeats" if requirements == {"FMT002"} else "refused"


def agree(raw: bytes) -> None:
    """Assert that both say the same of a line."""
    reading = read_line(raw, PLACE)
    word, members = expected(raw)
    assert found(reading) == word, raw
    if members is not None and reading.record is not None:
        assert json.dumps(reading.record.members) == json.dumps(members), raw
    assert all(0 <= each.offset <= len(raw) for each in reading.defects), raw


def a_line(seed: int) -> bytes:
    chance = random.Random(seed)
    lines = list(Sample(seed % 40, STYLES[seed % len(STYLES)], slots=2, tasks=2).lines())
    return chance.choice([*lines, SHORT])


@FUZZ
@given(
    seed=st.integers(0, 1_000_000),
    names=st.lists(st.sampled_from([*BYTES, *MEMBERS]), min_size=1, max_size=3),
)
def test_a_damaged_line_is_read_as_the_json_module_reads_it(seed: int, names: list[str]) -> None:
    """Bytes flipped, lost and put in, names repeated, escapes, NaN, two objects on a line: no exception, one answer."""
    for raw in mutated(a_line(seed), names, seed).splitlines(keepends=True):
        agree(raw)
    agree(mutated(a_line(seed), names, seed))


@FUZZ
@given(st.binary(max_size=60))
def test_any_bytes_are_read_as_the_json_module_reads_them(raw: bytes) -> None:
    """Neither raises nor takes for JSON what is none."""
    agree(raw)
    agree(raw + b"\n")
    agree(b'{"a":"' + raw + b'"}\n')
    agree(b'{"a":' + raw + b"}\n")


TOKENS = [b"{", b"}", b"[", b"]", b'"a"', b'"b"', b":", b",", b"1", b"-0.5e+1", b"null", b" ", b"NaN", b"tru"]
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@FUZZ
@given(st.lists(st.sampled_from(TOKENS), max_size=24))
def test_any_tokens_are_read_as_the_json_module_reads_them(tokens: list[bytes]) -> None:
    """JSON's own tokens in any order, which often nearly are an object."""
    agree(b"".join(tokens) + b"\n")
    agree(b'{"a":' + b"".join(tokens) + b"}\n")


@FUZZ
@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5), st.booleans())
def test_what_the_json_module_writes_is_read(members: dict[str, Any], ascii_only: bool) -> None:
    """Every object that it can write, non-ASCII escaped or not, is a record without a defect."""
    raw = json.dumps(members, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") + b"\n"
    reading = read_line(raw, PLACE)
    try:
        raw.decode()
    except UnicodeDecodeError:
        assert found(reading) == "refused"
        return
    assert reading.defects == ()
    assert reading.record is not None
    assert reading.record.members == members


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("levels", [DEEP, 100_000])
def test_nesting_is_read_or_refused_but_never_followed_down(opening: bytes, levels: int) -> None:
    """64 levels are JSON to both; 100,000, closed or not, are refused without recursion."""
    closing = bytes({ord("["): ord("]"), ord("{"): ord("}")}[each] for each in reversed(opening) if each in b"[{")
    deep = opening * levels + b"1" + closing * levels
    if levels == DEEP:
        agree(b'{"a":' + deep + b"}\n")
    else:
        for raw in (b'{"a":' + deep + b"}\n", b'{"a":' + deep[: len(deep) // 2] + b"\n"):
            assert found(read_line(raw, PLACE)) == "refused"
