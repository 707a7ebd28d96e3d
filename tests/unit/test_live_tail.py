"""Files that grow, are rotated, truncated, deleted and made again: every line is read once, whole, and at its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logconform.check import tail as tail_module
from logconform.check.line_feed import LineFeed
from logconform.check.sources import Unreadable
from logconform.check.tail import QUIET_SECONDS, Tail
from logconform.records import HARD_LIMIT, KEPT_BYTES, Reading


def line(event: str) -> bytes:
    return b'{"event": "%s"}\n' % event.encode()


def append(path: Path, *events: str) -> None:
    with path.open("ab") as stream:
        stream.write(b"".join(map(line, events)))


def events(readings: list[Reading]) -> list[str | None]:
    return [reading.record.event if reading.record else None for reading in readings]


class Follower:
    """A tail, and a clock that only a test moves."""

    def __init__(self, path: Path) -> None:
        self.tail = Tail(str(path))
        self.now = 0.0
        self.context = self.tail.begin()

    def read(self, seconds: float = 0.1) -> list[Reading]:
        self.now += seconds
        readings = self.tail.read(self.now)
        while self.tail.busy:
            readings += self.tail.read(self.now)
        return readings

    def events(self, seconds: float = 0.1) -> list[str | None]:
        return events(self.read(seconds))

    def later(self) -> list[str | None]:
        """What comes once a file that was moved away has been quiet for long enough."""
        return self.events() + self.events(QUIET_SECONDS + 0.1)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


# A file that grows


def test_what_is_there_is_context_and_what_comes_is_news(log: Path) -> None:
    """The last lines of an existing file are returned at the beginning, later ones as they come."""
    append(log, "a", "b")
    follower = Follower(log)
    assert events(follower.context) == ["a", "b"]
    assert follower.events() == []
    append(log, "c")
    assert follower.events() == ["c"]


def test_only_the_end_of_a_long_file_is_context(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins with a whole line, and lines and offsets are those of the whole file."""
    monkeypatch.setattr(tail_module, "CONTEXT_BYTES", 40)
    append(log, *(f"e{number}" for number in range(100)))
    follower = Follower(log)
    assert events(follower.context) == ["e98", "e99"]
    append(log, "new")
    reading = follower.read()[0]
    assert (reading.place.line, reading.place.offset) == (101, log.stat().st_size - len(line("new")))


def test_context_may_begin_where_a_line_does(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of which nothing is cut off is not passed over."""
    append(log, "a", "b", "c")
    monkeypatch.setattr(tail_module, "CONTEXT_BYTES", 2 * len(line("b")))
    assert events(Follower(log).context) == ["b", "c"]


def test_half_a_line_waits_for_the_rest(log: Path) -> None:
    """A line is read when its newline is there, also where half of it was there at the beginning."""
    log.write_bytes(line("a") + b'{"eve')
    follower = Follower(log)
    assert events(follower.context) == ["a"]
    with log.open("ab") as stream:
        stream.write(b'nt": "b"}')
        stream.flush()
        assert follower.events() == []
        stream.write(b"\n")
    assert follower.events() == ["b"]


def test_what_was_never_finished_is_an_unterminated_line(log: Path) -> None:
    """At the end, the beginning of a line is told for what it is: the mark of a cut."""
    append(log, "a")
    follower = Follower(log)
    with log.open("ab") as stream:
        stream.write(b'{"eve')
    assert follower.events() == []
    assert [reading.unterminated for reading in follower.tail.close()] == [True]


# Rotation


def test_a_file_that_is_renamed_and_made_anew_is_followed(log: Path) -> None:
    """What still comes to the old file is read before the new one."""
    append(log, "a")
    follower = Follower(log)
    old = log.rename(log.with_name("worker.log.1"))
    append(log, "d")
    append(old, "b")
    assert follower.events() == ["b"]
    append(old, "c")
    assert follower.events() == ["c"]
    assert follower.later() == ["d"]
    append(log, "e")
    reading = follower.read()[0]
    assert (reading.place.line, reading.place.path) == (2, str(log))


def test_a_process_that_never_opens_the_new_file_is_left(log: Path) -> None:
    """The old file is read for ten seconds at most, however much comes to it."""
    append(log, "a")
    follower = Follower(log)
    old = log.rename(log.with_name("worker.log.1"))
    append(log, "new")
    got = []
    for number in range(20):
        append(old, f"old{number}")
        got += follower.events(0.9)
    assert got[-1] == "new"
    assert got[:3] == ["old0", "old1", "old2"]


def test_no_rotation_is_missed_where_several_go_by(log: Path) -> None:
    """Between two looks the file was rotated three times: each of the numbered files is read, in order."""
    append(log, "a")
    follower = Follower(log)
    append(log, "b")
    for name in ("c", "d", "e"):
        for number in (3, 2, 1, 0):
            source = log.with_name(f"worker.log.{number}") if number else log
            if source.exists():
                source.rename(log.with_name(f"worker.log.{number + 1}"))
        append(log, name)
    got = [each for _ in range(8) for each in follower.events(QUIET_SECONDS + 0.1)]
    assert got == ["b", "c", "d", "e"]


def test_a_file_that_is_deleted_is_waited_for(log: Path) -> None:
    """What is written to the deleted file is read, and then the new one of that name."""
    append(log, "a")
    follower = Follower(log)
    with log.open("ab") as stream:
        log.unlink()
        stream.write(line("b"))
    assert follower.events() == ["b"]
    assert follower.events() == []
    append(log, "c")
    assert follower.later() == ["c"]
    assert follower.tail.notices == [
        f"{log}: is gone; waiting for a new one",
        f"{log}: was replaced; reading the new one",
    ]


def test_a_file_that_comes_back_under_its_name_is_not_read_again(log: Path) -> None:
    """Renamed, and renamed back: nothing happened."""
    append(log, "a")
    follower = Follower(log)
    away = log.rename(log.with_name("away"))
    assert follower.events() == []
    away.rename(log)
    append(log, "b")
    assert follower.events(20) == ["b"]
    assert follower.events(20) == []


def test_a_truncated_file_is_read_from_its_beginning(log: Path) -> None:
    """As `copytruncate` leaves it; lines count anew, and no place is told twice."""
    append(log, "a", "b")
    follower = Follower(log)
    append(log, "c")
    first = follower.read()
    os.truncate(log, 0)
    append(log, "d")
    second = follower.read()
    assert (events(first), events(second)) == (["c"], ["d"])
    assert [each.place.line for each in first + second] == [3, 1]
    assert second[0].place.offset > first[0].place.offset


def test_a_truncated_file_that_has_grown_again_is_noticed(log: Path) -> None:
    """What is before the place of reading is not what was read there."""
    append(log, "a")
    follower = Follower(log)
    os.truncate(log, 0)
    append(log, "b", "c", "d")
    assert follower.events() == ["b", "c", "d"]


def test_half_a_line_before_a_truncation_is_told(log: Path) -> None:
    """Its rest is lost with the truncation; the lines after it are whole."""
    append(log, "a")
    follower = Follower(log)
    with log.open("ab") as stream:
        stream.write(b'{"eve')
    assert follower.read() == []
    os.truncate(log, 0)
    append(log, "b")
    readings = follower.read() + follower.read()
    assert [reading.unterminated for reading in readings] == [True, False]


# What can't be followed


def test_a_file_that_is_not_there_yet_is_waited_for(log: Path) -> None:
    """Where its folder is, it may come; all of it is then news."""
    follower = Follower(log)
    assert follower.events() == []
    append(log, "a")
    assert follower.events() == ["a"]


def test_what_cannot_be_followed_is_refused_in_one_line(tmp_path: Path) -> None:
    """A missing folder, a folder, a packed file and a pipe: each with what to do instead."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "worker.log.gz").touch()
    for name, why in {
        "nowhere/worker.log": "there is no folder",
        "": "is a folder; name the files to follow",
        "worker.log.gz": "judge it without --follow",
        "pipe": "pipe it: logconform check --follow - <",
    }.items():
        with pytest.raises(Unreadable, match=why):
            Tail(str(tmp_path / name)).begin()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(log: Path) -> None:
    """It says who may read it."""
    log.touch(0o000)
    with pytest.raises(Unreadable, match="permission denied"):
        Tail(str(log)).begin()


# Lines


def test_a_line_longer_than_is_read_is_not_held() -> None:
    """Of a line beyond the limit the first bytes are kept, and the next line is whole."""
    feed = LineFeed("log")
    for _ in range(HARD_LIMIT // 1_000_000 + 2):
        assert list(feed.take(b"x" * 1_000_000)) == []
        assert len(feed._rest) <= HARD_LIMIT
    readings = list(feed.take(b"\n" + line("a")))
    assert [reading.record is None for reading in readings] == [True, False]
    assert len(readings[0].raw) == KEPT_BYTES
    assert [each.requirement for each in readings[0].defects] == ["FMT011"]
    assert readings[1].place.offset > HARD_LIMIT


def test_a_wrapped_stream_is_unwrapped_as_it_comes() -> None:
    """As `check` does: the envelope is told from the first lines, and what was split is joined."""
    feed = LineFeed("log")
    cri = b"2025-09-12T20:05:03.001184123Z stdout "
    assert events(list(feed.take(cri + b'F {"event": "a"}\n'))) == ["a"]
    assert list(feed.take(cri + b'P {"event": \n')) == []
    assert events(list(feed.take(cri + b'F "b"}\n'))) == ["b"]
    assert list(feed.take(b"2025-09-12T20:05:03.001184123Z stderr F Traceback\n")) == []
