"""A catalog as a Markdown page: a table of the events, and a section for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson

from logconform.check.catalogue.words import headline, levels, name_of, remarks
from logconform.report.words import percent, printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~@$&])")


def render(catalog: Mapping[str, Any]) -> str:
    """Return *catalog*, a catalog document, as Markdown."""
    parts = ["# Log events", escaped(headline(catalog))]
    if told := remarks(catalog):
        parts.append("\n".join(f"- {escaped(each)}" for each in told))
    for service, events in groupby(catalog["events"], key=lambda each: each["service"]):
        members = list(events)
        parts += [f"## Service {escaped(name_of(service))}", _overview(members)]
        for each in members:
            parts += _section(each)
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """
    Return *text* so that Markdown shows it as it is, also in a table.

    >>> escaped("a|b <c> `d`")
    'a\\\\|b \\\\<c\\\\> \\\\`d\\\\`'
    """
    return _SPECIAL.sub(r"\\\1", printable(text))


def _overview(events: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        f"| {escaped(name_of(each['logger']))} | {_title(each)} | {each['count']:,} | {escaped(levels(each))} |"
        for each in events
    ]
    return "\n".join(["| logger | event | records | levels |", "|---|---|---:|---|", *rows])


def _title(event: Mapping[str, Any]) -> str:
    flag = " (FMT008: not constant)" if event["high_cardinality"] else ""
    return escaped(name_of(event["event"])) + flag


def _section(event: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {escaped(name_of(event['event']))}"
    yield f"{event['count']:,} records of {escaped(name_of(event['logger']))}, {_when(event)}."
    if event["high_cardinality"]:
        yield (
            f"**FMT008:** more than {event['distinct'] - 1} texts that differ only in what stands at the `…`. "
            "Make the event a constant phrase, and pass what varies as fields."
        )
    rows = [
        f"| {escaped(each['name'])} | {', '.join(each['types'])} | {percent(each['present'], event['count'])} "
        f"| {escaped(_compact(each['example']))} |"
        for each in event["fields"]
    ]
    yield "\n".join(["| field | type | present | example |", "|---|---|---:|---|", *rows])
    if event["members_omitted"]:
        yield f"Further fields, {event['members_omitted']:,} members in all, are left out."
    # The fence is longer than any run of backticks in the example.
    text = printable(_compact(event["example"]))
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    yield f"{fence}json\n{text}\n{fence}"


def _when(event: Mapping[str, Any]) -> str:
    if event["first_seen"] is None:
        return "at unknown times"
    return f"from {escaped(event['first_seen'])} to {escaped(event['last_seen'])}"


def _compact(value: Any) -> str:
    return orjson.dumps(value).decode("utf-8")
