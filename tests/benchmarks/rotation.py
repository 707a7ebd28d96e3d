"""
Many processes write to one log file that rotates: what is lost, what is torn, how many records a second.

    python -m tests.benchmarks.rotation

The reference worker's `RotatingFile`, `concurrent-log-handler`, which is the
library for this, and the standard library's `RotatingFileHandler`, which is
not made for several processes, write the same lines. So many old files stay
that nothing may go; every record is then looked for in all files.
"""

from __future__ import annotations

import logging
import multiprocessing
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

import click
from concurrent_log_handler import ConcurrentRotatingFileHandler
from rich.console import Console
from rich.table import Table

from reference_worker.logging.rotation import RotatingFile

OURS = "reference_worker.logging"
LIBRARY = "concurrent-log-handler"
STANDARD = "RotatingFileHandler"
FILE_BYTES = 1_048_576
BACKUPS = 2_000
PROCESSES = 8
SECONDS = 1_800
WANTED_TIMES = 3.0

_RECORD = re.compile(rb'\{"timestamp":"2026-01-01T00:00:00\.000000Z","writer":(\d+),"number":(\d+),"text":"x{220}"\}\n')
Write = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of one run; `lost` and `torn` count records and lines, `seconds` are those of the writing."""

    name: str
    records: int
    lost: int
    torn: int
    files: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Records a second, those of all processes."""
        return self.records / self.seconds


def measure(name: str, processes: int, each: int, file_bytes: int = FILE_BYTES) -> Rotated:
    """Let *processes* write *each* so many records into files of *file_bytes*, and account for every one."""
    folder = Path(tempfile.mkdtemp(prefix="rotation-"))
    try:
        path = folder / "worker.log"
        context = multiprocessing.get_context("fork")
        started = context.Barrier(processes + 1)
        work = _WRITERS[name]
        writers = [
            context.Process(target=_write, args=(work, path, file_bytes, number, each, started), daemon=True)
            for number in range(processes)
        ]
        for writer in writers:
            writer.start()
        started.wait(60)
        began = time.perf_counter()
        for writer in writers:
            writer.join(SECONDS)
        took = time.perf_counter() - began
        failed = [writer.exitcode for writer in writers if writer.exitcode != 0]
        if failed:
            raise RuntimeError(f"{name}: {len(failed)} of {processes} writers failed: exit codes {failed}")
        return _account(name, folder, processes * each, took)
    finally:
        shutil.rmtree(folder)


def line_of(writer: int, number: int) -> str:
    """Return one record without its newline, of about 300 bytes."""
    return f'{{"timestamp":"2026-01-01T00:00:00.000000Z","writer":{writer},"number":{number},"text":"{"x" * 220}"}}'


def _write(
    work: Callable[[Path, int], Write], path: Path, file_bytes: int, writer: int, each: int, started: object
) -> None:
    write = work(path, file_bytes)
    started.wait(60)  # type: ignore[attr-defined]
    for number in range(each):
        write(writer, number)


def _ours(path: Path, file_bytes: int) -> Write:
    sink = RotatingFile(path, file_bytes, BACKUPS, _complain)
    return lambda writer, number: sink.write({}, f"{line_of(writer, number)}\n".encode())


def _complain(path: Path, fault: OSError) -> None:
    raise AssertionError(f"{path}: {fault}")


def _library(path: Path, file_bytes: int) -> Write:
    return _through(ConcurrentRotatingFileHandler(str(path), maxBytes=file_bytes, backupCount=BACKUPS))


def _standard(path: Path, file_bytes: int) -> Write:
    logging.raiseExceptions = False  # it fails to rename what another process has renamed
    return _through(RotatingFileHandler(path, maxBytes=file_bytes, backupCount=BACKUPS))


def _through(handler: logging.Handler) -> Write:
    logger = logging.Logger("benchmark")
    logger.addHandler(handler)
    return lambda writer, number: logger.info(line_of(writer, number))


_WRITERS: dict[str, Callable[[Path, int], Write]] = {OURS: _ours, LIBRARY: _library, STANDARD: _standard}


def _account(name: str, folder: Path, expected: int, seconds: float) -> Rotated:
    seen: set[tuple[bytes, bytes]] = set()
    torn = 0
    files = [path for path in folder.iterdir() if path.name.startswith("worker.log")]
    for path in files:
        with path.open("rb") as stream:
            for line in stream:
                match = _RECORD.fullmatch(line)
                if match:
                    seen.add((match[1], match[2]))
                else:
                    torn += 1
    return Rotated(name, expected, expected - len(seen), torn, len(files), seconds)


def compare(each: int, processes: int, others: int) -> list[Rotated]:
    """Measure ours with *each* record, and the two others, which are slower, with *others* a process."""
    return [
        measure(OURS, processes, each),
        measure(LIBRARY, processes, others),
        measure(STANDARD, processes, others),
    ]


def is_met(rows: list[Rotated]) -> bool:
    """Whether ours lost and tore nothing, and is so many times as quick as the library."""
    ours, library, _ = rows
    return ours.lost == ours.torn == 0 and ours.per_second >= WANTED_TIMES * library.per_second


@click.command(help="Many processes write to one rotating log file: count what is lost and torn.")
@click.option("--records", type=click.IntRange(min=1), default=200_000, show_default=True, help="A process's.")
@click.option("--others", type=click.IntRange(min=1), default=10_000, show_default=True, help="The same, slower tools.")
@click.option("--processes", type=click.IntRange(min=1), default=PROCESSES, show_default=True)
def main(records: int, others: int, processes: int) -> None:
    """Print the table; exit code 1 where ours lost or tore a record, or is not quick enough."""
    rows = compare(records, processes, others)
    table = Table("", "records", "lost", "torn", "files", "records/s", title=f"{processes} processes, files of 1 MiB")
    for row in rows:
        counts = (row.records, row.lost, row.torn, row.files, round(row.per_second))
        table.add_row(row.name, *(f"{count:,}" for count in counts))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    sys.exit(0 if is_met(rows) else 1)


if __name__ == "__main__":
    main()
