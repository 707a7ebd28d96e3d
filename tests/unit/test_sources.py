"""Sources: which streams the arguments name, and how they are opened."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from logconform.check.sources import Block, Source, Unreadable, blocks, find_sources

GOOD = b'{"event": "Task starting"}\n'
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}
SUFFIX = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst"}


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Paths are relative to a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


def write(name: str, content: bytes = GOOD) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(content)
    return name


def found(*arguments: str) -> list[str]:
    return [each.path for each in find_sources(arguments)]


ROTATED = [
    ["w.log.10", "w.log.2.gz", "w.log.1", "w.log"],
    ["w.log-20250911.xz", "w.log-20250912", "w.log"],
    ["w.ndjson.2025-09-11.1.zst", "w.ndjson.2025-09-11.2", "w.ndjson.2025-09-12", "w.ndjson"],
    ["0.log.20250911-200503.gz", "0.log.20250912-200503", "0.log"],
]


@pytest.mark.parametrize("names", ROTATED, ids=lambda names: names[0])
def test_a_rotated_set_comes_oldest_first_however_it_is_named(names: list[str]) -> None:
    """A folder, a pattern, and the list that a shell makes of a pattern give one order."""
    for name in names:
        write(f"logs/{name}")
    wanted = [f"logs/{name}" for name in names]
    assert found("logs") == found("logs/*") == found(*sorted(wanted)) == wanted


def test_what_is_no_rotated_set_keeps_its_order() -> None:
    """Only members of one set change places, and the set comes where its first member stands."""
    for name in ("b.log", "a.log.1", "a.log", "c.txt"):
        write(name)
    assert found("c.txt", "b.log", "a.log", "a.log.1") == ["c.txt", "b.log", "a.log.1", "a.log"]


def test_a_file_address_is_a_path() -> None:
    """`file://` names the file that the path names, once."""
    path = str(Path(write("a b.log")).resolve())
    assert found(f"file://{path.replace(' ', '%20')}", path) == [path]


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_packed_data_is_known_by_its_first_bytes(packing: str, *, named: bool) -> None:
    """The name does not matter; several members or frames are one stream; the summary tells how it was read."""
    pack = PACK[packing]
    source = Source(write(f"w.log{SUFFIX[packing] if named else ''}", pack(GOOD) + pack(GOOD * 2)))
    with source.open() as stream:
        assert stream.read() == GOOD * 3
    assert source.describe() == f"{source.path} ({packing})"


def test_a_name_that_tells_the_wrong_packing_is_corrected() -> None:
    """Data that is zstd under the name `.gz` is unpacked as zstd."""
    source = Source(write("w.log.gz", zstd.compress(GOOD)))
    with source.open() as stream:
        assert stream.read() == GOOD
    assert source.found.compression == "zstd"


@pytest.mark.parametrize(
    "content", [b"", b"\x1f", b"BZh9 is a plain line\n", b"\x00\xff\xfe" * 9, "é\n".encode("utf-16")]
)
def test_what_is_not_packed_is_read_as_it_is(content: bytes) -> None:
    """Empty, short, binary and UTF-16 files are read: their lines are for the reader to judge."""
    source = Source(write("w.log", content))
    with source.open() as stream:
        assert stream.read() == content
    assert b"".join(block.lines().text for block in blocks([source], 5)) == content
    assert source.describe() == "w.log"


def test_progress_counts_packed_bytes() -> None:
    """What was read from disk, so that a bar can compare it with the size on disk."""
    counted: list[int] = []
    source = find_sources([write("w.log.gz", gzip.compress(os.urandom(3_000_000)))])[0]
    for _ in blocks([source], 1 << 20, progress=counted.append):
        pass
    assert sum(counted) == source.size == Path("w.log.gz").stat().st_size
    assert len(counted) > 1


def test_a_fifo_ends_when_its_writer_closes() -> None:
    """A named pipe is a stream like any other."""
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_bytes(GOOD * 3))
    writer.start()
    try:
        assert [block.lines().text for block in blocks(find_sources(["pipe"]), 1000)] == [GOOD * 3]
    finally:
        writer.join(10)


def test_the_device_of_standard_input_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """`/dev/stdin` means another file in every process, so its bytes travel with the block."""
    before = os.dup(0)
    file = os.open(write("w.log"), os.O_RDONLY)
    try:
        os.dup2(file, 0)
        made = list(blocks(find_sources(["/dev/stdin"]), 1000))
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(file)
    assert made == [Block(0, "/dev/stdin", 0, len(GOOD), GOOD, None)]


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_path_that_cannot_be_one_is_told(name: str) -> None:
    """No argument ends in a traceback."""
    with pytest.raises(Unreadable):
        find_sources([name])
