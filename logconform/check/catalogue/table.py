"""A catalog for the terminal: one line per event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from rich.table import Table
from rich.text import Text

from logconform.check.catalogue.words import headline, levels, name_of, remarks
from logconform.report import Look
from logconform.report.console import printed
from logconform.report.words import percent, printable

_STYLES = {"warning": "yellow", "error": "red", "critical": "bold red"}


def render(catalog: Mapping[str, Any], look: Look) -> str:
    """Return *catalog*, a catalog document, as text; a verbose look shows the fields too."""
    return printed(_parts(catalog, look), look)


def _parts(catalog: Mapping[str, Any], look: Look) -> Iterator[Text | Table]:
    yield Text(printable(headline(catalog)), style="bold")
    for each in remarks(catalog):
        yield Text(printable(each), style="yellow")
    for service, events in groupby(catalog["events"], key=lambda each: each["service"]):
        yield Text("")
        yield Text(printable(f"service {name_of(service)}"), style="bold")
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("logger", "event", "records", "levels", "fields", "first seen", "last seen"):
            table.add_column(title, no_wrap=True, justify="right" if title in {"records", "fields"} else "left")
        for each in events:
            table.add_row(*_row(each))
            if look.verbose:
                for member in each["fields"]:
                    table.add_row("", _field(member, each["count"]))
        yield table


def _row(event: Mapping[str, Any]) -> Iterator[Text]:
    worst = next((name for name in ("critical", "error", "warning") if name in event["levels"]), "")
    flag = "  (FMT008: not constant)" if event["high_cardinality"] else ""
    more = "+" if event["members_omitted"] else ""
    yield Text(printable(name_of(event["logger"])))
    yield Text(printable(name_of(event["event"])) + flag, style="yellow" if flag else "")
    yield Text(f"{event['count']:,}")
    yield Text(printable(levels(event)), style=_STYLES.get(worst, ""))
    yield Text(f"{len(event['fields'])}{more}")
    yield Text(printable(event["first_seen"] or "-"), style="dim")
    yield Text(printable(event["last_seen"] or "-"), style="dim")


def _field(field: Mapping[str, Any], records: int) -> Text:
    text = f"  {field['name']}: {' or '.join(field['types'])}, {percent(field['present'], records)}"
    return Text(printable(text), style="dim")
