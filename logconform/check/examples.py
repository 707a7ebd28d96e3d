"""
Log records in files that people write: fixtures (`.ndjson`), and the examples of Markdown pages.

A fixture is a sample of its own; so is each block of a page. What is no log is
left alone. A block that is marked as violating has to violate something: a
mark that is wrong is as misleading as a wrong record.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logconform.check.engine import Judged
from logconform.check.fences import Block, blocks_of, is_record
from logconform.check.lines import judge_chunks
from logconform.check.run import report_of, selected
from logconform.check.sources import Unreadable
from logconform.check.sources.unreadable import why_local
from logconform.chunk import Chunk
from logconform.config import check_requirements, load_config
from logconform.contract import load_contract
from logconform.findings import Verdict
from logconform.judge import judge_stream
from logconform.records import read_stream
from logconform.report.output import look_of_output, publish
from logconform.report.status import exit_code
from logconform.report.terminal import findings
from logconform.report.words import plural, printable

PAGES = (".md", ".markdown")
"""Endings of files whose blocks are looked at; every other file is read line by line."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    paths: Sequence[str]
    complete: bool = False
    allow_empty: bool = False
    fail_on: str = "violation"
    only: Sequence[str] = ()
    ignore: Sequence[str] = ()
    verbose: bool = False


@dataclass(slots=True)
class Found:
    """What judging files gave. `mistaken`: blocks that are marked as violating, and violate nothing."""

    verdicts: dict[str | None, Verdict] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    mistaken: list[str] = field(default_factory=list)
    expected: int = 0
    records: int = 0
    bytes: int = 0
    tasks: int = 0

    def add(self, judged: Judged) -> None:
        """Add a sample."""
        for service, verdict in judged.verdicts.items():
            self.verdicts[service] = self.verdicts.get(service, Verdict()) + verdict
        self.records += judged.lines
        self.bytes += judged.bytes
        self.tasks += judged.tasks


def run(options: Options) -> int:
    """
    Judge the files, write what was found, and return the exit code.

    Raises:
        Unreadable: If a file can't be read.
        UnknownRequirement, ConfigError: As `check` does.
    """
    config, contract = load_config(Path.cwd()), load_contract()
    kept = selected(contract, options.only, options.ignore)
    check_requirements(config, list(contract))
    found = judge_files(options.paths, complete=options.complete)
    subject = {
        "kind": "sample",
        "paths": found.paths,
        "records": found.records,
        "bytes": found.bytes,
        "tasks": found.tasks,
    }
    report = report_of(contract, config, kept, found.verdicts, subject)
    return _tell(options, found, report)


def judge_files(paths: Sequence[str], *, complete: bool = False) -> Found:
    """
    Judge the log records of files. *complete*: each fixture is one worker's log, from its start to its end.

    Raises:
        Unreadable: If one can't be read.
    """
    found = Found()
    for path in paths:
        content = _content(path)
        samples = _blocks(path, content, found) if path.lower().endswith(PAGES) else _fixture(path, content, complete)
        before = found.records + found.expected
        for sample in samples:
            found.add(sample)
        (found.left_alone if before == found.records + found.expected else found.paths).append(path)
    return found


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise Unreadable(why_local(path, error)) from None


def _fixture(path: str, content: bytes, complete: bool) -> Iterator[Judged]:
    lines = list(io.BytesIO(content))
    if not any(map(is_record, lines)):
        return
    if not complete:
        yield judge_chunks([Chunk(content, path)])
        return
    verdict = judge_stream(read_stream(io.BytesIO(content), path), complete=True)
    yield Judged({None: verdict}, lines=len(lines), bytes=len(content))


def _blocks(path: str, content: bytes, found: Found) -> Iterator[Judged]:
    for block in blocks_of(content):
        if block.mark == "ignore" or not (block.mark or block.shows_records()):
            continue
        judged = judge_chunks([_chunk(path, block)])
        if not block.mark:
            yield judged
            continue
        found.expected += 1
        if not any(verdict.findings for verdict in judged.verdicts.values()):
            found.mistaken.append(f"{path}:{block.number}")


def _chunk(path: str, block: Block) -> Chunk:
    records = block.records()
    places = [(record.number - 1, record.offset) for record in records]
    return Chunk(b"".join(record.text for record in records), path, places=places)


def _tell(options: Options, found: Found, report: dict[str, Any]) -> int:
    code = exit_code(report, options.fail_on)
    nothing = report["summary"]["verdict"] == "nothing_tested" and not found.expected
    if code == 3 and not (nothing and not options.allow_empty):
        code = 0  # an example is an excerpt: what its edges leave open is nobody's fault
    publish(findings(report, look_of_output(None, verbose=options.verbose)), None)
    for place in found.mistaken:
        told = "is marked as violating, and violates nothing; mend the record, or take the mark away"
        print(printable(f"{place}: {told}"), file=sys.stderr)
    if found.left_alone and (options.verbose or code == 3):
        print(printable(f"no log records in {', '.join(found.left_alone)}"), file=sys.stderr)
    if found.expected and options.verbose:
        print(f"{plural(found.expected, 'block')} marked as violating", file=sys.stderr)
    return 1 if found.mistaken and options.fail_on != "none" else code
