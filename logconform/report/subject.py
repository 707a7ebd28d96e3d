"""What was judged, in words: the subject of a report, how it was read, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from logconform.report.words import plural, printable, size

PROBLEMS_SHOWN = 10
"""Problems shown, unless all are asked for."""

_How = tuple[str | None, str | None]


def subject_of(report: Mapping[str, Any]) -> str:
    """Return what was judged, and how much of it, in one line."""
    subject = report["subject"]
    if subject["kind"] == "app":
        ran = [each["name"] for each in report["environments"] if not each["skipped"]]
        return printable(f"{subject['app']} on {', '.join(ran) or 'no environment'}")
    paths = subject["paths"]
    files = paths[0] if len(paths) == 1 else plural(len(paths), "file")
    much = [files, plural(subject["records"], "record"), size(subject["bytes"])]
    if "tasks" in subject:
        much.insert(2, plural(subject["tasks"], "task") if subject["tasks"] else "no tasks")
    if subject.get("partial"):
        much.append("stopped before the end")
    return printable(", ".join(much))


def read_as(subject: Mapping[str, Any]) -> str:
    """
    Return which packing and which shipper's envelope the sources had; empty where all are plain.

    >>> packed = {"path": "worker.log.1.gz", "bytes": 99, "compression": "gzip", "envelope": "docker"}
    >>> plain = {"path": "worker.log", "bytes": 99, "compression": None, "envelope": None}
    >>> read_as({"sources": [packed, plain]})
    'worker.log.1.gz (gzip, docker), worker.log (plain)'
    >>> read_as({"sources": [packed, plain, plain]}), read_as({"sources": [plain]})
    ('worker.log.1.gz (gzip, docker), 2 files (plain)', '')
    """
    groups: dict[_How, list[str]] = {}
    for each in subject.get("sources", ()):
        groups.setdefault((each["compression"], each["envelope"]), []).append(each["path"])
    if not any(any(how) for how in groups):
        return ""
    told = []
    for how, paths in groups.items():
        what = paths[0] if len(paths) == 1 else plural(len(paths), "file")
        told.append(f"{what} ({', '.join(each for each in how if each) or 'plain'})")
    return printable(", ".join(told))


def problems(report: Mapping[str, Any], *, whole: bool = False) -> Iterator[str]:
    """Yield what could not be read, at most `PROBLEMS_SHOWN` and the number of others unless *whole*."""
    found = report["subject"].get("problems", ())
    shown = found if whole else found[:PROBLEMS_SHOWN]
    yield from map(printable, shown)
    if len(found) > len(shown):
        yield f"and {len(found) - len(shown):,} more"
