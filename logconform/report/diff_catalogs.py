"""What changed between two catalogs of events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from logconform import __version__
from logconform.report.diff import DIFF_VERSION
from logconform.report.diff_input import Catalog, Event, EventField

CHANGES = {
    "event_vanished": "events vanished",
    "field_vanished": "fields vanished",
    "type_changed": "types changed",
    "no_longer_constant": "no longer constant phrases",
    "levels_changed": "levels changed",
    "field_rarer": "fields no longer always there",
    "event_new": "new events",
    "field_new": "new fields",
}
"""Kinds of change of an event, in the order in which they are told, with their words."""
BREAKING = {"event_vanished", "field_vanished", "type_changed"}
"""Changes that what reads the log can break on."""
STEADY = 99
"""Per cent of an event's records in which a field was, for its absence to be a change."""

Change = dict[str, Any]


def diff_catalogs(
    before: Catalog, after: Catalog, paths: tuple[str, str], fail_on: str = "violation"
) -> dict[str, Any]:
    """Return what changed from *before* to *after*; unless *fail_on* is `none`, a breaking change is a regression."""
    changes = [
        {**change, "regression": fail_on != "none" and change["change"] in BREAKING}
        for change in _changes(before, after)
    ]
    order = list(CHANGES)
    changes.sort(key=lambda each: order.index(each["change"]))
    return {
        "diff_version": DIFF_VERSION,
        "kind": "catalog",
        "tool": {"name": "logconform", "version": __version__},
        "before": _side(before, paths[0]),
        "after": _side(after, paths[1]),
        "regression": any(each["regression"] for each in changes),
        "notes": list(_notes(before, after)),
        "changes": changes,
    }


def _changes(before: Catalog, after: Catalog) -> Iterator[Change]:
    old, new = ({each.key: each for each in catalog.events} for catalog in (before, after))
    for key, event in old.items():
        if key in new:
            yield from _within(event, new[key])
        elif not after.omitted.records:
            yield _change("event_vanished", event, None, event.count, 0)
    for key, event in new.items():
        if key not in old and not before.omitted.records:
            yield _change("event_new", event, None, 0, event.count)


def _within(before: Event, after: Event) -> Iterator[Change]:
    if after.high_cardinality and not before.high_cardinality:
        yield _change("no_longer_constant", after, None, before.count, after.count)
    if before.levels.keys() != after.levels.keys():
        yield _change("levels_changed", after, None, sorted(before.levels), sorted(after.levels))
    old, new = ({each.name: each for each in event.fields} for event in (before, after))
    for name, field in old.items():
        if name in new:
            yield from _of_field(before, after, field, new[name])
        elif _steady(field, before) and not after.members_omitted:
            yield _change("field_vanished", after, name, sorted(field.types), [])
    for name, field in new.items():
        if name not in old and not before.members_omitted:
            yield _change("field_new", after, name, [], sorted(field.types))


def _of_field(old: Event, new: Event, before: EventField, after: EventField) -> Iterator[Change]:
    if after.types.keys() - before.types.keys():
        yield _change("type_changed", new, after.name, sorted(before.types), sorted(after.types))
    if before.present == old.count and after.present * 100 < STEADY * new.count:
        yield _change("field_rarer", new, after.name, [before.present, old.count], [after.present, new.count])


def _steady(field: EventField, event: Event) -> bool:
    return field.present * 100 >= STEADY * event.count


def _change(kind: str, event: Event, field: str | None, before: Any, after: Any) -> Change:
    return {
        "change": kind,
        "service": event.service,
        "logger": event.logger,
        "event": event.event,
        "field": field,
        "before": before,
        "after": after,
    }


def _side(catalog: Catalog, path: str) -> Mapping[str, Any]:
    return {"path": path, "records": catalog.subject.records, "events": len(catalog.events)}


def _notes(before: Catalog, after: Catalog) -> Iterator[str]:
    for when, catalog in (("before", before), ("after", after)):
        if catalog.subject.partial or catalog.subject.problems:
            yield f"the sample {when} was not read to its end: what it lacks may be there all the same"
        if not catalog.subject.records:
            yield f"the sample {when} holds no record"
    if before.omitted.records:
        yield "the catalog before leaves events out: events new after it are not told"
    if after.omitted.records:
        yield "the catalog after leaves events out: vanished events are not told"
