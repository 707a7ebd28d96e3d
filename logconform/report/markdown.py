"""The report as a Markdown summary, for `$GITHUB_STEP_SUMMARY` and comments: bounded, and nothing in it is markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from logconform.report.ranking import Ranked, ranked
from logconform.report.status import STATUSES
from logconform.report.subject import problems, read_as, subject_of
from logconform.report.words import (
    STATUS_WORDS,
    beyond_waivers,
    clipped,
    origin_of,
    percent,
    place_of,
    plural,
    printable,
    verdict_words,
)

if TYPE_CHECKING:
    from logconform.report import Look

CAUSES_SHOWN = 50
"""Causes in the table: GitHub takes 1 MiB of summary, and a row of the worst characters has 10 kB."""
TEXT_SHOWN = 200
"""Characters of a text from a log that are shown."""

_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+!|~@&:$^]|(?<=www)\.", re.IGNORECASE)
_SYMBOLS = {"conforms": "✅", "does_not_conform": "❌", "nothing_tested": "⚪", "inconclusive": "⚪"}


def render(report: Mapping[str, Any], look: Look) -> str:  # noqa: ARG001  # every format takes a look
    """Return *report* as Markdown: the verdict, counts per profile, and the causes, weightiest first."""
    return "\n\n".join("\n".join(block) for block in _blocks(report)) + "\n"


def escaped(text: str) -> str:
    """
    Return *text* so that Markdown shows it as it is: no markup, HTML, table cell, link or mention.

    >>> escaped("a|b <i> @team")
    'a&#124;b &#60;i&#62; &#64;<!-- -->team'
    """
    shown = printable(clipped(text, TEXT_SHOWN))
    # GitHub looks for mentions and issues when entities are resolved already: only a comment parts those.
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};" + ("<!-- -->" if found[0] in "@#" else ""), shown)


def _blocks(report: Mapping[str, Any]) -> Iterator[list[str]]:
    summary = report["summary"]
    yield [f"## {_SYMBOLS[summary['verdict']]} logconform: {verdict_words(summary)}"]
    yield [f"{_code(subject_of(report))}, against contract {escaped(report['contract_version'])}"]
    if how := read_as(report["subject"]):
        yield [f"Read as: {_code(how)}"]
    if told := [f"- **problem:** {escaped(each)}" for each in problems(report)]:
        yield told
    if stale := summary["waivers_stale"][:CAUSES_SHOWN]:
        yield [f"- **stale waiver:** {each['requirement']} {escaped(each['stale'])}" for each in stale]
    if beyond := list(beyond_waivers(report))[:CAUSES_SHOWN]:
        yield [f"- **beyond its waiver:** {name} {escaped(told)}" for name, told, _ in beyond]
    if loose := summary.get("waivers_loose", [])[:CAUSES_SHOWN]:
        yield [f"- waiver of {each['requirement']}: lower its count to {each['enough']}" for each in loose]
    yield _profiles(summary["profiles"])
    found = ranked(report)
    if found:
        yield _causes(found[:CAUSES_SHOWN])
    if more := found[CAUSES_SHOWN:]:
        total = sum(each.cause["total"] for each in more)
        yield [f"And {plural(len(more), 'more cause')}, {plural(total, 'finding')}."]


def _profiles(profiles: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [
        [name if each["judged"] else f"{name} (not judged)", *(f"{each['counts'][status]:,}" for status in STATUSES)]
        for name, each in profiles.items()
    ]
    return _table(["Profile", *map(STATUS_WORDS.__getitem__, STATUSES)], rows, numbers=range(1, len(STATUSES) + 1))


def _causes(found: Iterable[Ranked]) -> list[str]:
    head = ["Requirement", "What is wrong", "First place", "Total", "Of the checks", "Fix"]
    return _table(head, map(_row, found), numbers=(3, 4))


def _row(ranked: Ranked) -> list[str]:
    kind, requirement, cause = ranked
    here = requirement["environments"].get(cause["environment"], requirement)
    checks = max(here["checked"], here["violations"], cause["total"])
    origin, where = origin_of(cause), place_of(cause["places"][0], whole_ids=False) if cause["places"] else ""
    return [
        f"**{requirement['id']}** {kind}",
        escaped(cause["message"]) + (f"<br>{_code(origin)}" if origin else ""),
        _code(where) if where else "",
        f"{cause['total']:,}",
        percent(cause["total"], checks),
        escaped(cause["fix"]),
    ]


def _code(text: str) -> str:
    return f"<code>{escaped(text)}</code>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int]) -> list[str]:
    right = set(numbers)
    rule = ["---:" if index in right else "---" for index in range(len(head))]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
