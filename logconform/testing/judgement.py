"""The judgement on records in a test: the findings of `logconform check`, as an assertion."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logconform.testing.captured import LogRecord, LogRecords

if TYPE_CHECKING:
    from logconform.chunk import Chunk

# What judges is imported when something is judged: that takes a moment, and most tests judge nothing.

Line = LogRecord | Mapping[str, Any] | bytes | str
Judgeable = LogRecords | str | PathLike[str] | Iterable[Line]
"""What can be judged: captured records, the path of a log, or the lines of one."""

NOTHING_GIVEN = (
    "there are no records, so nothing was checked; where log_records has none: is logging configured in this process, "
    "to standard output or standard error, and not to a file alone?"
)
NOTHING_TESTED = "nothing was checked: the records show nothing that the requirements apply to"


def assert_conforms(
    records: Judgeable,
    *,
    only: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    folder: Path | None = None,
) -> None:
    """
    Assert that *records* conform, as a part of a worker's log: what the part's edges leave open accuses nobody.

    *records* are what the fixture `log_records` captured, the path of a log,
    or its lines (mappings, bytes or texts). *only* and *ignore* name
    requirements. Profiles and waivers are those that hold in *folder*, the
    current one by default.

    Raises:
        AssertionError: If they don't conform, with each finding as `logconform
            check` shows it; or if nothing was checked.
        UnknownRequirement, ConfigError, Unreadable: As `check` does.

    >>> assert_conforms(['{"event": "Invoice sent"}'], only="FMT003")
    Traceback (most recent call last):
        ...
    AssertionError: does not conform: records, 1 record, no tasks, 26 bytes, against contract 1.0
    <BLANKLINE>
    FMT003 violation: timestamp is missing
      --> records:1 (byte 0)
       | {"event": "Invoice sent"}
       = 1 of 1 checked (100 %), from "Invoice sent"
       = fix: Format the time with `datetime.now(UTC).isoformat(timespec="microseconds")` and replace `+00:00` by `Z`.
       = more: logconform explain FMT003
    """
    __tracebackhide__ = True
    report = judged(records, only=only, ignore=ignore, folder=folder)
    if isinstance(report, str):
        raise AssertionError(report)  # noqa: TRY004  # nothing checked is a failure of the test
    if problem := problem_of(report):
        raise AssertionError(problem)


def judged(
    records: Judgeable, *, only: str | Iterable[str], ignore: str | Iterable[str], folder: Path | None
) -> dict[str, Any] | str:
    """Return the report on *records*, or why there is nothing to report on."""
    from logconform.check.lines import judge_chunks
    from logconform.check.run import check, report_of, selected
    from logconform.config import check_requirements, load_config
    from logconform.contract import load_contract

    config = load_config(folder or Path.cwd())
    if isinstance(records, (str, PathLike)):
        return check([fspath(records)], config=config, only=_names(only), ignore=_names(ignore))
    contract = load_contract()
    kept = selected(contract, _names(only), _names(ignore))
    check_requirements(config, list(contract))
    chunks = list(_chunks(records))
    if not chunks:
        return NOTHING_GIVEN
    found = judge_chunks(chunks)
    subject = {
        "kind": "sample",
        "paths": [" and ".join(dict.fromkeys(chunk.path for chunk in chunks))],
        "records": found.lines,
        "bytes": found.bytes,
        "tasks": found.tasks,
    }
    return report_of(contract, config, kept, found.verdicts, subject)


def problem_of(report: Mapping[str, Any]) -> str | None:
    """Return what stands against what was judged; None where nothing does. Undecided is not against it."""
    from logconform.report import Look
    from logconform.report.status import exit_code
    from logconform.report.terminal import findings

    if problems := report["subject"].get("problems"):
        return "\n".join(problems)
    if report["summary"]["verdict"] == "nothing_tested":
        return NOTHING_TESTED
    return findings(report, Look()).rstrip() if exit_code(report) == 1 else None


def _names(given: str | Iterable[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _chunks(records: Iterable[Line]) -> Iterator[Chunk]:
    """Yield the lines of each stream, as one source."""
    from logconform.chunk import Chunk

    sources: dict[tuple[str, int], list[bytes]] = {}
    for record in records:
        stream, source, raw = _line(record)
        sources.setdefault((stream, source), []).append(raw)
    for number, ((stream, _), lines) in enumerate(sources.items()):
        stderr = frozenset(range(len(lines)) if stream == "stderr" else ())
        yield Chunk(b"".join(lines), stream, (number, 0), stderr=stderr)


def _line(record: Line) -> tuple[str, int, bytes]:
    if isinstance(record, LogRecord):
        return record.stream, record.source, record.raw
    if isinstance(record, Mapping):
        record = json.dumps(dict(record), ensure_ascii=False)
    raw = record.encode("utf-8", "backslashreplace") if isinstance(record, str) else bytes(record)
    return "records", 0, raw if raw.endswith(b"\n") else raw + b"\n"
