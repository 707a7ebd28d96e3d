"""The field's one way from paths to a report, in one process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from logconform.check.sources import Progress, Source, find_sources
from logconform.config import Config, check_requirements
from logconform.contract import Contract, load_contract
from logconform.judge import judge_stream
from logconform.records import Reading, read_stream
from logconform.report.model import Environment, build_report

ENVIRONMENT = "sample"
"""The name of the one environment that a sample is."""


@dataclass(slots=True)
class Sample:
    """The readings of some sources, one after the other, and what was read so far."""

    sources: Sequence[Source]
    progress: Progress | None = None
    records: int = 0
    bytes: int = 0
    stopped: bool = False
    _waiting: bool = field(default=False, init=False)

    def readings(self) -> Iterator[Reading]:
        """Yield every reading; end early, without an error, once stopped."""
        for source in self.sources:
            with source.open(self.progress) as stream:
                lines = read_stream(stream, source.path)
                while (reading := self._next(lines)) is not None:
                    self.records += 1
                    self.bytes += len(reading.raw)
                    yield reading
            if self.stopped:
                return

    def stop(self) -> None:
        """
        End the sample here, so that what was read is judged.

        Raises:
            KeyboardInterrupt: Where reading is waiting for its source (the
                sample then catches it itself), and when asked a second time.
        """
        again, self.stopped = self.stopped, True
        if again or self._waiting:
            raise KeyboardInterrupt

    def _next(self, lines: Iterator[Reading]) -> Reading | None:
        try:
            self._waiting = True
            return None if self.stopped else next(lines, None)
        except KeyboardInterrupt:
            self.stopped = True
            return None
        finally:
            self._waiting = False


def check(
    paths: Sequence[str],
    *,
    config: Config | None = None,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """
    Judge the logs that *paths* name and return the report.

    An interrupt (Ctrl-C) ends the reading, not the judging: the report then
    covers what was read, and its subject says `partial`.

    Raises:
        Unreadable: If a path can't be read.
        UnknownRequirement: If *only* or *ignore* name one that doesn't exist.
        ConfigError: If *config* waives one that doesn't exist.
    """
    config = config or Config()
    contract = load_contract()
    kept = _selected(contract, only, ignore)
    check_requirements(config, list(contract))
    sample = Sample(find_sources(paths), progress)
    with _stopping(sample):
        verdict = judge_stream(sample.readings())
    return build_report(
        contract,
        {ENVIRONMENT: verdict.only(kept)},
        subject=_subject(sample),
        environments=[Environment(ENVIRONMENT)],
        waivers=[each for each in config.waivers if each.requirement in kept],
        waivers_must_fire=False,
        profiles=config.profiles,
        reasons=_reasons(contract, kept),
    )


def total_size(paths: Sequence[str]) -> int:
    """
    Return the size of *paths* on disk in bytes, 0 where one of them has none (standard input).

    Raises:
        Unreadable: As `check` does.
    """
    sizes = [source.size for source in find_sources(paths)]
    return sum(sizes) if all(sizes) else 0


def _selected(contract: Contract, only: Collection[str], ignore: Collection[str]) -> set[str]:
    wanted, unwanted = ({contract.find(name).id for name in names} for names in (only, ignore))
    return (wanted or set(contract)) - unwanted


def _reasons(contract: Contract, kept: Collection[str]) -> Mapping[str, str]:
    here, elsewhere = "the sample shows nothing that it applies to", "not selected"
    return {name: here if name in kept else elsewhere for name in contract}


def _subject(sample: Sample) -> dict[str, Any]:
    subject: dict[str, Any] = {
        "kind": "sample",
        "paths": [source.path for source in sample.sources],
        "records": sample.records,
        "bytes": sample.bytes,
    }
    return {**subject, "partial": True} if sample.stopped else subject


@contextmanager
def _stopping(sample: Sample) -> Iterator[None]:
    """Let Ctrl-C stop *sample*; signals reach the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        sample.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
