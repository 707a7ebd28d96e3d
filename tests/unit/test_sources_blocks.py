"""Blocks: wherever a source is cut, it is the same records at the same places, and nothing is held that need not be."""

from __future__ import annotations

import gzip
import io
import itertools
import lzma
import os
import pickle
import signal
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logconform.check.sources import Block, Source, Unreadable, blocks
from logconform.records import HARD_LIMIT, KEPT_BYTES
from tests.unit.wrapped import SPLITTING, WRAP, name_of

LINE = b'{"event": "Task starting", "n": 1}\n'
Placed = tuple[bytes, int, int, bool]


def write(path: Path, content: bytes) -> Source:
    path.write_bytes(content)
    return Source(str(path), len(content))


def placed(made: list[Block]) -> list[Placed]:
    """Return every record: its bytes, its line and byte in its source, and whether it is from standard error."""
    found: list[Placed] = []
    line = offset = 0
    for block in made:
        assert block.offset == offset, "blocks follow each other"
        lines = block.lines()
        records = io.BytesIO(lines.text).readlines()
        begins = itertools.accumulate(map(len, records), initial=offset)
        places = lines.places if lines.places is not None else list(enumerate(begins))[: len(records)]
        assert len(places) == len(records)
        for number, (record, (within, at)) in enumerate(zip(records, places, strict=True)):
            found.append((record, line + within, at, number in lines.stderr))
        line, offset = line + lines.physical, offset + block.size
    return found


WHOLE = 1 << 22
TEXT = st.text(st.sampled_from('{"ab\\ P:é\r'), max_size=12)


@given(
    lines=st.lists(st.binary(max_size=9), max_size=30),
    size=st.integers(1, 90),
    as_file=st.booleans(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_size_gives_the_same_plain_records(tmp_path: Path, lines: list[bytes], size: int, as_file: bool) -> None:
    """Cut by a look at the file, or while it is read: the records and places are those of one block."""
    data = b"\n".join(lines)
    source = write(tmp_path / "w.log", data if as_file else gzip.compress(data))
    made = list(blocks([source], size))
    assert placed(made) == placed(list(blocks([source], WHOLE)))
    assert b"".join(block.lines().text for block in made) == data
    assert all((block.data is None) is as_file for block in made)
    longest = max(map(len, lines), default=0) + 1
    assert all(block.size < size + longest for block in made)


@pytest.mark.parametrize("key", WRAP)
@given(
    entries=st.lists(st.tuples(TEXT, st.booleans(), st.sampled_from(["stdout", "stderr"])), max_size=60),
    size=st.integers(1, 900),
    torn=st.integers(0, 30),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_size_gives_the_same_wrapped_records(
    tmp_path: Path, key: str, entries: list[tuple[str, bool, str]], size: int, torn: int
) -> None:
    """No cut falls into a record that a shipper split, whichever streams come between."""
    first = WRAP[key]('{"event": "x"}', True, "stdout") * 40
    wrapped = [WRAP[key](text, whole or key not in SPLITTING, stream) for text, whole, stream in entries]
    data = first + b"".join(wrapped)
    source = write(tmp_path / "w.log", data[: len(data) - torn])
    made = list(blocks([source], size))
    assert {block.envelope for block in made} == {name_of(key)}
    assert placed(made) == placed(list(blocks([source], WHOLE)))
    assert source.describe() == f"{source.path} ({name_of(key)})"


def test_a_plain_file_is_not_read_here(tmp_path: Path) -> None:
    """Its blocks are a few hundred bytes to send, and a worker reads them."""
    source = write(tmp_path / "w.log", LINE * 100_000)
    made = list(blocks([source], 1 << 20))
    assert len(made) == 4
    assert all(len(pickle.dumps(block)) < 500 for block in made)
    assert [block.lines().physical for block in made] == [29960, 29960, 29960, 10120]


CONTENTS = [
    (b"x" * (HARD_LIMIT - 1) + b"\n", 0, True),
    (b"x" * HARD_LIMIT + b"\n", HARD_LIMIT + 1, True),
    (b"x" * HARD_LIMIT, 0, False),
    (b"x" * (HARD_LIMIT + 1), HARD_LIMIT + 1, False),
    (b"x" * (3 * HARD_LIMIT) + b"\n", 3 * HARD_LIMIT + 1, True),
]


@pytest.mark.parametrize(("content", "oversize", "ended"), CONTENTS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_that_is_too_long_is_a_block_of_its_own(
    tmp_path: Path, content: bytes, oversize: int, *, ended: bool, packed: bool
) -> None:
    """Its size is exact, its beginning is kept, and the lines around it are judged as ever."""
    after = LINE if ended else b""
    data = LINE * 9 + content + after
    source = write(tmp_path / "w.log", gzip.compress(data, 1) if packed else data)
    made = list(blocks([source], 1 << 20))
    assert [block.size for block in made if block.oversize] == ([oversize] if oversize else [])
    for block in made:
        if block.oversize:
            assert (block.oversize, block.data, block.ended) == (oversize, content[:KEPT_BYTES], ended)
            assert block.offset == 9 * len(LINE)
    assert sum(block.size for block in made) == len(data)
    if oversize:
        assert b"".join(b.lines().text for b in made if not b.oversize) == LINE * 9 + after


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_without_end_takes_no_memory(tmp_path: Path, *, packed: bool) -> None:
    """A quarter of a gigabyte in one line is counted, never held."""
    path = tmp_path / "w.log"
    if packed:
        path.write_bytes(zstd.compress(b"x" * (1 << 26)) * 4)
    else:
        with path.open("wb") as file:
            file.truncate(1 << 28)
    tracemalloc.start()
    try:
        made = list(blocks([Source(str(path))], 1 << 22))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [block.oversize for block in made] == [1 << 28]
    assert peak < 4 * HARD_LIMIT


def test_a_record_whose_end_never_comes_takes_no_memory(tmp_path: Path) -> None:
    """A stream that a shipper left open is cut before it fills the memory; the other stream's records are whole."""
    wrap = WRAP["cri"]
    first = wrap("{}", True, "stdout") * 40 + wrap("left open", False, "stderr")
    source = write(tmp_path / "w.log.gz", gzip.compress(first + wrap("x" * 10_000, True, "stdout") * 6_000, 1))
    made = list(blocks([source], 1 << 20))
    assert max(block.size for block in made) < 4 * HARD_LIMIT
    text = b"".join(block.lines().text for block in made)
    assert text.count(b"x" * 10_000 + b"\n") == 6_000


# Failures


def collected(*sources: Source, size: int = 1000) -> tuple[bytes, list[str]]:
    failures: list[Unreadable] = []
    text = b"".join(block.lines().text for block in blocks(sources, size, failed=failures.append))
    return text, [str(each) for each in failures]


@pytest.mark.parametrize("suffix", ["gz", "xz", "zst"])
def test_a_source_that_fails_midway_gives_what_could_be_read(tmp_path: Path, suffix: str) -> None:
    """The message says how far it came, and the next source follows."""
    pack = {"gz": gzip.compress, "xz": lzma.compress, "zst": zstd.compress}[suffix]
    data = b"".join(b'{"event": "%s"}\n' % os.urandom(9).hex().encode() for _ in range(20_000))
    cut = write(tmp_path / f"cut.log.{suffix}", pack(data)[:-5000])
    text, failures = collected(cut, write(tmp_path / "next.log", LINE))
    assert text.endswith(LINE)
    came = text[: -len(LINE)]
    assert data.startswith(came)
    assert len(came) > len(data) // 2
    lines = came.count(b"\n") + (not came.endswith(b"\n"))
    assert failures == [
        f"{cut.path}: ends in the middle of its packed data; copy it again whole "
        f"(read so far: {lines:,} lines, {len(came):,} bytes)"
    ]


def test_a_damaged_checksum_is_told_after_all_records(tmp_path: Path) -> None:
    """Everything was read; that it is damaged is told still."""
    packed = bytearray(gzip.compress(LINE * 100))
    packed[-6] ^= 1
    text, failures = collected(write(tmp_path / "w.log.gz", bytes(packed)))
    assert text == LINE * 100
    assert len(failures) == 1
    assert failures[0].startswith(f"{tmp_path}/w.log.gz: its packed data is damaged (CRC check failed")


def test_without_a_listener_a_failure_is_raised(tmp_path: Path) -> None:
    """After what could be read."""
    source = write(tmp_path / "w.log.gz", gzip.compress(LINE)[:-1])
    made = blocks([source], 1000)
    assert next(made).lines().text == LINE
    with pytest.raises(Unreadable, match=r"ends in the middle .* \(read so far: 1 line, 35 bytes\)$"):
        next(made)


def test_a_missing_file_does_not_keep_others_from_being_read(tmp_path: Path) -> None:
    """It may have vanished since it was found."""
    missing = str(tmp_path / "gone.log")
    text, failures = collected(Source(missing), write(tmp_path / "w.log", LINE))
    assert (text, failures) == (LINE, [f"{missing}: no such file or folder; check the path"])


def test_an_error_of_the_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its reason and the remedy."""
    source = write(tmp_path / "w.log", LINE)

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    message = f"{source.path}: can't be read (Input/output error); copy it to a disk that works, and check the copy"
    with pytest.raises(Unreadable) as caught:
        next(blocks([source], 1000)).lines()
    assert str(caught.value) == message
    assert collected(source, size=3) == (b"", [message])


@pytest.mark.parametrize("change", ["cut", "vanished", "replaced", "rewritten"])
def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path, change: str) -> None:
    """Nobody judges the bytes of another file, or half a line."""
    path = tmp_path / "w.log"
    second = list(blocks([write(path, LINE * 9)], 100))[1]
    if change == "cut":
        os.truncate(path, 3 * len(LINE) + 1)
    elif change == "rewritten":
        path.write_bytes(b"x" * 9 * len(LINE))
    else:
        path.rename(tmp_path / "w.log.1")
        if change == "replaced":
            path.write_bytes(LINE * 9)
    messages = {
        "cut": "ends at byte 106, but was longer when it was opened; it was cut or replaced while it was read: "
        "check it again, or a copy of it",
        "vanished": "no such file or folder; check the path",
        "replaced": "is another file by now; it was cut or replaced while it was read: check it again, or a copy of it",
        "rewritten": "no line begins at byte 105 any more; it was cut or replaced while it was read: "
        "check it again, or a copy of it",
    }
    with pytest.raises(Unreadable) as caught:
        second.lines()
    assert str(caught.value) == f"{path}: {messages[change]}"


# Interrupts


class Slow(io.BytesIO):
    """A pipe: gives a few bytes at a time, and at its end Ctrl-C is pressed."""

    def read1(self, size: int | None = -1, /) -> bytes:
        data = super().read1(min(size or 0, 50))
        if not data:
            signal.raise_signal(signal.SIGINT)
        return data


def test_an_interrupt_gives_what_was_read_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C on a pipe is no error, and the sources after it are not opened."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Slow(LINE * 50 + b"{")))
    made = list(blocks([Source("-"), Source(str(tmp_path / "missing.log"))], 1000))
    assert [block.source for block in made] == [0, 0]
    assert b"".join(block.lines().text for block in made) == LINE * 50 + b"{"


@pytest.mark.parametrize("packed", [False, True])
def test_a_stop_between_blocks_ends_the_sample(tmp_path: Path, *, packed: bool) -> None:
    """What was read by then is given, without an error."""
    data = LINE * 200_000
    source = write(tmp_path / "w.log", gzip.compress(data) if packed else data)
    answers: Iterator[bool] = iter([False, False, True])
    made = list(blocks([source, source], 1000, stopped=lambda: next(answers)))
    assert len(made) == (4 if packed else 3)
    assert 3 * 1000 <= sum(block.size for block in made) < len(data)
    assert [block.source for block in made] == [0] * len(made)
