"""Words that a catalog's formats for people share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logconform.report.words import plural, size


def headline(catalog: Mapping[str, Any]) -> str:
    """Return what the catalog holds, of what, in one line."""
    subject = catalog["subject"]
    paths = subject["paths"]
    files = paths[0] if len(paths) == 1 else plural(len(paths), "file")
    part = ", stopped before the end" if subject.get("partial") else ""
    read = f"{plural(subject['records'], 'record')}, {size(subject['bytes'])}{part}"
    return f"{plural(len(catalog['events']), 'event')}: {files}, {read}"


def remarks(catalog: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know of the catalog: what could not be read, and what was left out."""
    subject, omitted = catalog["subject"], catalog["omitted"]
    told = list(subject.get("problems", []))
    if "read_as" in subject:
        told.append(f"read as: {', '.join(subject['read_as'])}")
    if subject["unreadable"]:
        told.append(f"{plural(subject['unreadable'], 'line')} without a record: see `logconform check` (FMT001)")
    if omitted["records"]:
        told.append(f"{plural(omitted['records'], 'record')} of further events left out: there are too many events")
    for each in omitted["loggers"]:
        origin = f"{name_of(each['logger'])} of {name_of(each['service'])}"
        told.append(f"{plural(each['records'], 'record')} of further events of {origin} left out (FMT008)")
    varying = sum(each["high_cardinality"] for each in catalog["events"])
    if varying:
        told.append(f"{varying:,} of them with changing texts, not constant phrases (FMT008)")
    return told


def name_of(text: str | None) -> str:
    """Return a service, logger or event; a word in its place where records have none."""
    return "(none)" if text is None else text or '""'


def levels(event: Mapping[str, Any]) -> str:
    """
    Return the levels of an event, the most frequent first.

    >>> levels({"levels": {"error": 2, "info": 1204}})
    'info 1,204, error 2'
    """
    by_count = sorted(event["levels"].items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in by_count)
