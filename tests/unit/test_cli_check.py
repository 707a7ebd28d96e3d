"""`logconform check`: from paths to a report and an exit code."""

from __future__ import annotations

import bz2
import fcntl
import gzip
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from logconform.check.engine import Engine, Judged
from logconform.check.processes import interruptible
from logconform.check.sources import Block, Lines, Source, Unreadable, find_sources
from logconform.cli import main
from logconform.findings import Count, Finding, Verdict
from logconform.records import Reading, read_stream
from tests.unit.interrupting import Interrupting

GOOD = b'{"event": "Task starting"}\n'
BAD = b"a banner\n"


def count_lines(engine: Engine, jobs: int = 1, pool: object = None) -> Judged:
    """Stand in for the judge: FMT001 by the reader alone; a record with `soft` is a warning."""
    del jobs, pool
    verdict = Verdict()
    with interruptible(engine.stop):
        for block in engine._blocks():
            for reading in read_stream(io.BytesIO(block.lines().text), block.path):
                count_line(verdict, reading)
                engine.judged.lines += 1
            engine.judged.bytes += block.size
    engine.judged.verdicts = {None: verdict}
    return engine.judged


def count_line(verdict: Verdict, reading: Reading) -> None:
    verdict.checked("FMT001")
    verdict.found_all(Finding(each.requirement, each.message, reading.place) for each in reading.defects)
    if reading.record and reading.record.get("soft"):
        verdict.found(Finding("FMT012", "is soft", reading.place))


@pytest.fixture(autouse=True)
def judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command is tested here, not the rules; and no configuration but the test's own."""
    monkeypatch.setattr(Engine, "run", count_lines)
    monkeypatch.chdir(tmp_path)


def check(*arguments: object, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)], input=given)


def report(*arguments: object, given: bytes | None = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(check(*arguments, "--format", "json", given=given).stdout)
    return made


def write(path: Path, content: bytes = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


CODES = [
    (GOOD, [], 0),
    (GOOD + BAD, [], 1),
    (b"", [], 3),
    (GOOD + BAD, ["--fail-on", "none"], 0),
    (b"", ["--fail-on", "none"], 3),
    (b'{"soft": 1}\n', [], 0),
    (b'{"soft": 1}\n', ["--fail-on", "warning"], 1),
    (GOOD + BAD, ["--ignore", "FMT001"], 3),
    (GOOD + BAD, ["--only", "FMT001"], 1),
    (GOOD + BAD, ["--only", "FMT002"], 3),
    (GOOD + BAD, ["--only", "FMT002, fmt001"], 1),
    (GOOD + BAD, ["--ignore", "FMT002,FMT001"], 3),
]


@pytest.mark.parametrize(("content", "options", "code"), CODES)
def test_the_exit_code_is_the_verdict(tmp_path: Path, content: bytes, options: list[str], code: int) -> None:
    """0 conforms, 1 does not, 3 nothing was tested; never 0 when nothing was checked."""
    result = check(write(tmp_path / "worker.log", content), *options)
    assert (result.exit_code, result.stderr) == (code, "")


def test_the_text_starts_with_the_verdict_and_ends_with_the_finding(tmp_path: Path) -> None:
    """People read the verdict first, and the places last."""
    write(tmp_path / "worker.log", GOOD + BAD)
    lines = check("worker.log").stdout.splitlines()
    assert lines[0] == "does not conform: worker.log, 2 records, no tasks, 36 bytes, against contract 1.0"
    assert lines[-4:] == [
        "FMT001 violation: the line is not JSON: no value where one is due",
        "  --> worker.log:2 (byte 27)",
        "   = 1 of 2 checked (50 %)",
        "   = more: logconform explain FMT001",
    ]


def test_json_names_the_sample_and_the_place(tmp_path: Path) -> None:
    """The report says what was read, and where the finding is."""
    made = report(write(tmp_path / "worker.log", GOOD + BAD))
    path = str(tmp_path / "worker.log")
    assert made["subject"] == {
        "kind": "sample",
        "paths": [path],
        "records": 2,
        "bytes": 36,
        "tasks": 0,
        "sources": [{"path": path, "bytes": 36, "compression": None, "envelope": None}],
    }
    assert [(each["path"], each["line"], each["offset"]) for each in made["findings"]] == [(path, 2, 27)]
    assert [each["name"] for each in made["environments"]] == ["sample"]


def test_junit_is_xml(tmp_path: Path) -> None:
    """CI can read it."""
    result = check(write(tmp_path / "worker.log", BAD), "--format", "junit")
    assert ElementTree.fromstring(result.stdout).get("failures") == "1"


PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".log": bytes,
    ".log.gz": gzip.compress,
    ".ndjson.bz2": bz2.compress,
    ".jsonl.xz": lzma.compress,
}


@pytest.mark.parametrize("suffix", PACKED)
def test_packed_files_are_read_like_plain_ones(tmp_path: Path, suffix: str) -> None:
    """Lines and offsets are those of the log inside."""
    made = report(write(tmp_path / f"worker{suffix}", PACKED[suffix](GOOD + BAD)))
    assert (made["subject"]["records"], made["subject"]["bytes"]) == (2, 36)
    assert [(each["line"], each["offset"]) for each in made["findings"]] == [(2, 27)]


def test_standard_input_is_read() -> None:
    """`-` is a sample like any other."""
    made = report("-", given=GOOD * 2)
    assert made["subject"] == {
        "kind": "sample",
        "paths": ["-"],
        "records": 2,
        "bytes": 54,
        "tasks": 0,
        "sources": [{"path": "-", "bytes": 0, "compression": None, "envelope": None}],
    }


def test_a_folder_means_the_logs_below_it_oldest_first(tmp_path: Path) -> None:
    """Rotated sets are read in the order in which they were written; what is no log is left alone."""
    for name in ("b.log", "b.log.1", "b.log.10", "b.log.2.gz", "deep/a.ndjson", "c.jsonl", "c.jsonl.2026-01-02"):
        write(tmp_path / "logs" / name)
    for name in ("notes.txt", "b.log.bak", "app.py"):
        write(tmp_path / "logs" / name)
    found = [Path(each.path).relative_to(tmp_path / "logs") for each in find_sources([str(tmp_path / "logs")])]
    assert [str(each) for each in found] == [
        "b.log.10",
        "b.log.2.gz",
        "b.log.1",
        "b.log",
        "c.jsonl.2026-01-02",
        "c.jsonl",
        "deep/a.ndjson",
    ]


def test_a_pattern_is_expanded_oldest_first(tmp_path: Path) -> None:
    """A quoted pattern works where no shell expands it."""
    for name in ("w.log", "w.log.1", "w.log.2", "other.log"):
        write(tmp_path / name)
    assert [each.path for each in find_sources(["w.log*"])] == ["w.log.2", "w.log.1", "w.log"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """A file beside its folder doesn't count double."""
    write(tmp_path / "logs/w.log")
    assert report("logs/w.log", "logs", "./logs/*.log")["subject"]["records"] == 1


UNREADABLE: list[tuple[str, bytes | None, str]] = [
    ("missing.log", None, "missing.log: no such file or folder; check the path"),
    ("*.ndjson", None, "*.ndjson: no file matches; check the pattern, and quote it where the shell expands it"),
    (
        "w.log.gz",
        GOOD,
        "w.log.gz: its packed data is damaged (Not a gzipped file (b'{\"')); "
        "copy it again whole, or rename it if it is not packed (read so far: 0 lines, 0 bytes)",
    ),
]


@pytest.mark.parametrize(("name", "content", "message"), UNREADABLE)
def test_what_cannot_be_read_is_told_with_a_remedy(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    """One line names file, fault and remedy; the exit code is 2, and no report is written."""
    if content is not None:
        write(tmp_path / name, content)
    result = check(name)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {message}\n")


def test_what_came_before_the_damage_is_judged(tmp_path: Path) -> None:
    """A log that was cut off gives the report on its beginning, says how far it was read, and exits with 2."""
    packed = gzip.compress(BAD + GOOD * 1000, 0)  # as it is, and a checksum of 8 bytes
    write(tmp_path / "w.log.gz", packed[: -8 - len(GOOD)])
    result = check("w.log.gz")
    read = "read so far: 1,000 lines, 26,982 bytes"
    message = f"w.log.gz: ends in the middle of its packed data; copy it again whole ({read})"
    assert (result.exit_code, result.stderr) == (2, f"Error: {message}\n")
    lines = result.stdout.splitlines()
    assert lines[0] == "does not conform: w.log.gz, 1,000 records, no tasks, 26.9 kB, against contract 1.0"
    assert lines[2:4] == ["read as: w.log.gz (gzip)", f"problem: {message}"]
    assert lines[-3:-1] == ["  --> w.log.gz:1 (byte 0)", "   = 1 of 1,000 checked (0.1 %)"]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_damaged_data_is_told_whatever_packed_it(tmp_path: Path, suffix: str) -> None:
    """No packer's error comes out as a traceback."""
    packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
    whole = packers[suffix](os.urandom(5_000))
    for number, content in enumerate((whole[:-100], whole[:2000] + b"\0" * 50 + whole[2050:], b"junk")):
        result = check(write(tmp_path / f"{number}.log{suffix}", content))
        assert result.exit_code == 2
        assert result.stderr.startswith(f"Error: {tmp_path / f'{number}.log{suffix}'}: ")
        assert result.stderr.count("\n") == 1


def test_a_folder_without_logs_is_told(tmp_path: Path) -> None:
    """An empty folder is a mistake, not a sample that conforms."""
    (tmp_path / "empty").mkdir()
    result = check("empty")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: empty: no logs in this folder; they end in .ndjson, .jsonl or .log")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_missing_rights_are_told(tmp_path: Path) -> None:
    """Permission denied comes with what to do."""
    write(tmp_path / "w.log").chmod(0)
    assert check("w.log").stderr == "Error: w.log: permission denied; run as a user who may read it\n"


def test_missing_rights_are_told_whoever_runs_the_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the same where the operating system refuses to open a file."""
    write(tmp_path / "w.log")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(Unreadable, match=r"^w\.log: permission denied; run as a user who may read it$"):
        Source("w.log").open()


def test_a_folder_that_may_not_be_entered_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs that could not be looked for are not passed over."""
    write(tmp_path / "logs/w.log")
    write(tmp_path / "logs/locked/w.log")
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(Unreadable, match=r"^logs/locked: permission denied; run as a user who may read it$"):
        find_sources(["logs"])


def test_a_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a standard input there is nothing to read, which is no conforming sample."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(Unreadable, match=r"^standard input: is closed; pipe the log into it$"):
        Source("-").open()


def test_zstandard_is_read_where_something_can_and_else_told(tmp_path: Path) -> None:
    """Without an unpacker for .zst the message names two ways out."""
    path = write(tmp_path / "w.log.zst", bytes.fromhex("28b52ffd2000010000"))  # an empty frame
    result = check(path)
    if result.exit_code == 2:
        assert result.stderr == (
            f"Error: {path}: nothing here unpacks .zst; install `zstandard`, "
            f"or pipe it: zstd -dc {path} | logconform check -\n"
        )
    else:
        assert result.exit_code == 3


USAGE_ERRORS = [
    ([], "Missing argument 'PATH...'"),
    (["w.log", "--format", "yaml"], "'yaml' is not one of"),
    (["w.log", "--only", "CXT005"], "no requirement is called CXT005; did you mean CTX005"),
    (["w.log", "--only", ","], "no requirement is called ,; "),
    (["w.log", "--ignore", "nonsense"], "no requirement is called nonsense; "),
    (["w.log", "--output", "nowhere/report.json"], "there is no folder nowhere; create it first"),
    (["w.log", "--output", "."], "is a directory"),
    (["w.log", "--output", "./w.log"], "w.log: is one of the files to read; write somewhere else"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE_ERRORS)
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    """What is wrong is told before anything is read."""
    write(tmp_path / "w.log", BAD)
    result = check(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_output_goes_to_a_file_and_the_verdict_to_standard_error(tmp_path: Path) -> None:
    """With --output, standard output stays empty."""
    write(tmp_path / "w.log", BAD)
    result = check("w.log", "--format", "json", "--output", "report.json")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "does not conform: see report.json\n")
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["verdict"] == "does_not_conform"


def test_what_is_not_selected_says_so(tmp_path: Path) -> None:
    """A selection leaves the report whole: the rest is not tested, for this reason."""
    made = report(write(tmp_path / "w.log"), "--only", "fmt001")
    reasons = {each["id"]: each["reason"] for each in made["requirements"] if each["status"] == "not_tested"}
    assert "FMT001" not in reasons
    assert set(reasons.values()) == {"not selected"}


def test_waivers_and_profiles_come_from_the_configuration(tmp_path: Path) -> None:
    """A violation that is waived doesn't fail a check; a waiver that covers nothing in a sample doesn't either."""
    write(tmp_path / "w.log", BAD)
    text = 'profiles = ["core"]\n'
    for name in ("FMT001", "CTX005"):
        text += f'[[waivers]]\nrequirement = "{name}"\nreason = "known"\n'
    (tmp_path / "logconform.toml").write_text(text)
    made = report("w.log")
    assert made["summary"]["verdict"] == "conforms"
    assert [name for name, each in made["summary"]["profiles"].items() if each["judged"]] == ["core"]


def test_a_faulty_configuration_exits_with_2(tmp_path: Path) -> None:
    """A check doesn't go on with half a configuration."""
    write(tmp_path / "w.log")
    (tmp_path / "logconform.toml").write_text("pols = []\n")
    result = check("w.log")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"Error: {tmp_path / 'logconform.toml'}:1: unknown key 'pols' (did you mean pools?)"
    )


def test_an_interrupt_judges_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with 130 and a report of the part that was read."""
    write(tmp_path / "w.log", GOOD * 10)
    write(tmp_path / "x.log", GOOD * 10)

    def interrupted(block: Block) -> Lines:
        os.kill(os.getpid(), signal.SIGINT)
        return lines(block)

    lines = Block.lines
    monkeypatch.setattr(Block, "lines", interrupted)
    before = signal.getsignal(signal.SIGINT)
    result = check("w.log", "x.log", "--format", "json")
    assert result.exit_code == 130
    subject = json.loads(result.stdout)["subject"]
    assert (subject["records"], subject["bytes"], subject["partial"]) == (10, 270, True)
    assert signal.getsignal(signal.SIGINT) is before


def logconform(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "logconform", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_end_to_end_a_banner_does_not_conform(tmp_path: Path) -> None:
    """The installed program, with the real judge: one banner line, exit code 1, one finding of FMT001."""
    process = logconform("check", "-", "--only", "FMT001", "--format", "json", cwd=tmp_path)
    out, err = process.communicate(BAD, timeout=60)
    assert (process.returncode, err) == (1, b"")
    assert [(each["requirement"], each["path"], each["line"]) for each in json.loads(out)["findings"]] == [
        ("FMT001", "-", 1)
    ]


def test_an_interrupt_while_waiting_for_input_judges_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a pipe ends at once; everything that came through it is in the report."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Interrupting(GOOD + BAD)))
    judged = Engine([Source("-")]).run()
    assert (judged.partial, judged.lines, judged.bytes) == (True, 2, 36)
    assert judged.verdicts[None].counts == {"FMT001": Count(checked=2, violations=1)}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see that the process waits")
def test_end_to_end_an_interrupt_ends_with_130(tmp_path: Path) -> None:
    """A check that follows a pipe ends on Ctrl-C, with what came through it."""
    process = logconform("check", "-", "--only", "FMT001", cwd=tmp_path)
    assert process.stdin is not None
    process.stdin.write(BAD)
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not _waits_for_more(process):
        assert process.poll() is None and time.monotonic() < deadline, "the check never read its input"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    headline = b"does not conform: -, 1 record, no tasks, 9 bytes, stopped before the end, against contract 1.0\n"
    assert out.startswith(headline)


def _waits_for_more(process: subprocess.Popen[bytes]) -> bool:
    """Whether *process* has taken everything from its standard input, and sleeps."""
    assert process.stdin is not None
    left = int.from_bytes(fcntl.ioctl(process.stdin, termios.FIONREAD, b"\0" * 4), sys.byteorder)
    return left == 0 and Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_end_to_end_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """`logconform check … | head -1` says nothing on standard error, and exits with the verdict."""
    process = logconform("check", "-", "--only", "FMT001", "--format", "json", cwd=tmp_path)
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.write(BAD)
    process.stdin.close()
    with process.stderr as errors:
        assert errors.read() == b""
    assert process.wait(timeout=60) == 1
