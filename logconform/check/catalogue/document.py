"""A catalog as the JSON-ready dictionary that `schemas/catalog.schema.json` describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from logconform import __version__
from logconform.check.catalogue.batch import Catalog, Key
from logconform.check.catalogue.entry import Entry, Field
from logconform.report.entries import clean

CATALOG_VERSION = "1.0"


def document(catalog: Catalog, subject: Mapping[str, Any]) -> dict[str, Any]:
    """Return *catalog* of the sample *subject*, ordered by service, logger and event. The same sum, the same bytes."""
    kept = sum(each.count for each in catalog.entries.values())
    return {
        "catalog_version": CATALOG_VERSION,
        "tool": {"name": "logconform", "version": __version__},
        "subject": {**clean(dict(subject)), "records": catalog.records, "unreadable": catalog.unreadable},
        "omitted": {"records": catalog.records - kept, "loggers": list(_crowded(catalog))},
        "events": [_entry(key, catalog.entries[key]) for key in sorted(catalog.entries, key=_position)],
    }


def _crowded(catalog: Catalog) -> Iterator[dict[str, Any]]:
    """Yield the loggers of which not every event is kept."""
    kept = dict.fromkeys(catalog.loggers, 0)
    for (service, logger, _), entry in catalog.entries.items():
        if (service, logger) in kept:
            kept[service, logger] += entry.count
    for service, logger in sorted(kept, key=_position):
        missing = catalog.loggers[service, logger] - kept[service, logger]
        if missing:
            yield {"service": service, "logger": logger, "records": missing}


def _entry(key: Key, entry: Entry) -> dict[str, Any]:
    service, logger, event = key
    fields = [_field(name, each, entry.count) for name, each in _in_record_order(entry)]
    return {
        "service": service,
        "logger": logger,
        "event": event,
        "high_cardinality": entry.varies,
        "distinct": entry.distinct,
        "count": entry.count,
        "levels": dict(sorted(entry.levels.items())),
        "first_seen": entry.first_seen,
        "last_seen": entry.last_seen,
        "fields": fields,
        "members_omitted": entry.members - sum(each.present for each in entry.fields.values()),
        "example": entry.example.value,
    }


def _field(name: str, field: Field, records: int) -> dict[str, Any]:
    return {
        "name": name,
        "present": field.present,
        "always": field.present == records,
        "types": dict(sorted(field.types.items())),
        "example": field.example.value,
    }


def _in_record_order(entry: Entry) -> list[tuple[str, Field]]:
    """Return the fields as the example record has them, then the others by name."""
    order = {name: index for index, name in enumerate(entry.example.value)}
    return sorted(entry.fields.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _position(key: tuple[str | None, ...]) -> list[tuple[bool, str]]:
    return [(part is None, part or "") for part in key]
