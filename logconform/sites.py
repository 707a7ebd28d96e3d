"""Sites: what the exact engine says of the first record of a kind, it says of all of that kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from logconform.court import may_be_outside, stream_rules
from logconform.findings import Cause, Finding
from logconform.records import Place, Record, read_line
from logconform.rules import GatheringRule
from logconform.rules.history import LIFECYCLE, is_celery, is_further
from logconform.rules.record_form import FIRST, BaseFieldsNotFirst
from logconform.rules.secret_in_record import BrokerCredentials
from logconform.rules.survey import is_worker_event
from logconform.rules.traceback_shows_locals import TracebackShowsLocals
from logconform.schemas import check_record, kind_of
from logconform.shapes import IDENTITY, TELLING, Shape, Sieved
from logconform.signs import colons_in, is_simple


@dataclass(slots=True, eq=False)
class Site:
    """What the exact engine said of the first record of a site, and with that of all of them."""

    kind: str
    checked: dict[str, int]
    causes: tuple[Cause, ...]
    head: bytes
    begins: int
    beginning: bytes
    first_names: tuple[str, ...] | None
    colons: int
    mention: bool
    plain: bool
    logger: str
    further: bool
    outside: bool
    worker: bool
    called_with: int
    duration: Callable[[Sieved], Any] | None
    name: str
    service: str | None


_LINE_LEVEL = (BrokerCredentials, TracebackShowsLocals)
"""Stream rules that look at a line before they check it: what they check is counted line by line."""


def site_of(shape: Shape, line: bytes) -> Site | None:
    """Judge the first record of a site; None where others of it could be judged otherwise."""
    reading = read_line(line + b"\n", Place("", 1, 0))
    record = reading.record
    if record is None or reading.defects:
        return None
    kind, outside = kind_of(record), record.task_id is None
    checked, findings = _checked_of(record)
    if any(may_be_outside(each, record) for each in findings):
        return None
    if outside and not _without_identity(record).members.keys() >= record.members.keys():
        return None
    if not outside and checked != _checked_of(_without_identity(record))[0]:
        return None
    found = _stream_findings(record, checked)
    telling = [value for name, value in record.members.items() if name in TELLING or name == "event"]
    harmless = is_simple(telling, colons=True)
    stamp = str(record.get("timestamp")).encode()
    at, event = line.find(stamp), line.find(b'"event"') + len(b'"event"')
    if found is None or not harmless or not 0 < at < event or not all(_is_of_site(each, record) for each in findings):
        return None
    names = tuple(record.members)
    held = kind in LIFECYCLE and not outside
    keys = record.get("kwargs_keys")
    called = keys if isinstance(keys, list) else []
    return Site(
        kind=kind,
        checked=dict(checked),
        causes=tuple(each.cause for each in (found if held else [*findings, *found])),
        head=line[:at],
        begins=at + len(stamp),
        beginning=line[at + len(stamp) : event],
        first_names=None if names[:5] == tuple(FIRST) else names[:5],
        colons=stamp.count(b":")
        + colons_in(telling)
        + sum(1 + name.count(":") for name in names if name not in _OPTIONAL),
        mention=kind not in LIFECYCLE and is_celery(record) and record.level not in _GRAVE,
        plain=kind in {"task-execution", "resource-usage"} and not is_celery(record) and record.level not in _GRAVE,
        logger=str(record.get("logger")),
        further=kind == "task-start" and is_further(record),
        outside=outside,
        worker=outside and (kind in LIFECYCLE or is_worker_event(record)),
        called_with=("tenant_id" in called) + 2 * ("user_id" in called),
        duration=attrgetter(shape.numbers["duration_ms"]) if "duration_ms" in shape.numbers else None,
        name=str(record.get("task_name") or ""),
        service=record.text("service") or None,
    )


_GRAVE = {"error", "critical"}
_OPTIONAL = {"task_id", *IDENTITY}


def _without_identity(record: Record) -> Record:
    members = {name: value for name, value in record.members.items() if name not in IDENTITY}
    return Record(record.place, record.raw, members)


def _checked_of(record: Record) -> tuple[Counter[str], list[Finding]]:
    checked, findings = check_record(record)
    return Counter(checked), findings


def _is_of_site(finding: Finding, record: Record) -> bool:
    """Whether a schema's finding is about what all records of a site have in common."""
    member = finding.shape.partition(" ")[0]
    if finding.shape == "timestamp pattern":
        return len(str(record.get("timestamp"))) <= 27
    return member not in record.members or member in TELLING or member == "event"


def _stream_findings(record: Record, checked: Counter[str]) -> list[Finding] | None:
    """Count what the stream rules check; return what they find, None where that depends on other records."""
    found = []
    for rule in stream_rules(one_worker=False):
        if isinstance(rule, _LINE_LEVEL):
            continue
        outcomes = list(rule.see(record))
        if isinstance(rule, GatheringRule) and not outcomes:
            return None
        for outcome in outcomes:
            if outcome is not None and not isinstance(rule, BaseFieldsNotFirst):
                return None
            checked[rule.requirement] += 1
            if isinstance(outcome, Finding):
                found.append(outcome)
    return found
