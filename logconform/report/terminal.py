"""The report for people: the verdict, a table of areas, and the findings with their remedy."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from logconform.report.status import STATUSES, tally
from logconform.report.words import (
    STATUS_WORDS,
    VERDICT_WORDS,
    area_of,
    kind_of_finding,
    place_of,
    plural,
    printable,
    size,
)

if TYPE_CHECKING:
    from logconform.report import Look

PLACES_SHOWN = 3
"""Places shown per requirement, unless the look is verbose."""
EVIDENCE_SHOWN = 240
"""Characters of evidence shown per place, unless the look is verbose or wide."""

_UNBOUNDED = 10_000  # columns: places are to be clicked and copied, so no line is ever broken here
_STYLES = {"passed": "green", "violated": "bold red", "warned": "yellow", "inconclusive": "magenta"}
_VERDICT_STYLES = {"conforms": "bold green", "does_not_conform": "bold red"}


def render(report: Mapping[str, Any], look: Look) -> str:
    """Return *report* as text; without colour it is plain, for files and pipes."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=_UNBOUNDED,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in _parts(report, look):
        console.print(part, soft_wrap=not isinstance(part, Table))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def headline(report: Mapping[str, Any]) -> str:
    """Return the verdict and what was judged, in one line."""
    verdict = VERDICT_WORDS[report["summary"]["verdict"]]
    return f"{verdict}: {_subject(report)}, against contract {report['contract_version']}"


def _parts(report: Mapping[str, Any], look: Look) -> Iterator[Text | Table]:
    summary = report["summary"]
    yield Text(headline(report), style=_VERDICT_STYLES.get(summary["verdict"], "bold yellow"))
    yield Text(_counts(summary))
    for skipped in (each for each in report["environments"] if each["skipped"]):
        yield Text(printable(f"{skipped['name']} was skipped: {skipped['skipped']}"), style="yellow")
    yield Text("")
    yield _table(report)
    if not all(each["judged"] for each in summary["profiles"].values()):
        yield Text("* not judged", style="dim")
    for stale in summary["waivers_stale"]:
        yield Text("")
        yield from _stale(stale)
    for requirement in report["requirements"]:
        yield from _findings(report, requirement, look)
    if look.verbose:
        yield from _undecided(report)


def _subject(report: Mapping[str, Any]) -> str:
    subject = report["subject"]
    if subject["kind"] == "app":
        ran = [each["name"] for each in report["environments"] if not each["skipped"]]
        return printable(f"{subject['app']} on {', '.join(ran) or 'no environment'}")
    paths = subject["paths"]
    files = paths[0] if len(paths) == 1 else plural(len(paths), "file")
    part = ", stopped before the end" if subject.get("partial") else ""
    return printable(f"{files}, {plural(subject['records'], 'record')}, {size(subject['bytes'])}{part}")


def _counts(summary: Mapping[str, Any]) -> str:
    counts = summary["counts"]
    told = [f"{counts[status]:,} {STATUS_WORDS[status]}" for status in STATUSES if counts[status]]
    all_of_them = plural(sum(counts.values()), "requirement")
    return f"{all_of_them}: {', '.join(told)} ({summary['passed_percent']} % passed)"


def _table(report: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("profile", no_wrap=True)
    table.add_column("area", no_wrap=True)
    for status in STATUSES:
        table.add_column(STATUS_WORDS[status], justify="right", no_wrap=True)
    previous = ""
    for (profile, area), members in groupby(
        report["requirements"], key=lambda each: (each["profile"], area_of(each["id"]))
    ):
        judged = report["summary"]["profiles"][profile]["judged"]
        name = profile if judged else f"{profile} *"
        counts = tally(members)
        table.add_row(
            "" if profile == previous else name,
            area,
            *(_cell(status, counts[status]) for status in STATUSES),
            style="" if judged else "dim",
        )
        previous = profile
    return table


def _cell(status: str, number: int) -> Text:
    return Text(f"{number:,}" if number else "-", style=_STYLES.get(status, "") if number else "dim")


def _findings(report: Mapping[str, Any], requirement: Mapping[str, Any], look: Look) -> Iterator[Text]:
    name = requirement["id"]
    found = [each for each in report["findings"] if each["requirement"] == name]
    if not found:
        return
    shown = found if look.verbose else found[:PLACES_SHOWN]
    several = len(report["environments"]) > 1
    for title, group in groupby(shown, key=lambda each: (kind_of_finding(requirement, each), each["message"])):
        kind, message = title
        yield Text("")
        style = "bold red" if kind == "violation" else "bold yellow"
        yield Text.assemble((f"{name} {kind}", style), ": ", printable(message))
        yield from _places(list(group), several, look)
    more = report["findings_total"].get(name, len(found)) - len(shown)
    if more > 0:
        yield Text(f"   = and {more:,} more")
    yield Text(f"   = more: logconform explain {name}")


def _places(findings: Sequence[Mapping[str, Any]], several: bool, look: Look) -> Iterator[Text]:
    for finding in findings:
        place = place_of(finding, several_environments=several, whole_ids=look.verbose)
        if place:
            yield Text(f"  --> {place}")
        if finding["evidence"]:
            yield Text(f"   | {_evidence(finding['evidence'], look)}")
    for fix in dict.fromkeys(each["fix"] for each in findings if each["fix"]):
        yield Text(f"   = fix: {printable(fix)}")


def _evidence(text: str, look: Look) -> str:
    spelt = printable(text.rstrip("\n"))
    room = max(EVIDENCE_SHOWN, (look.width or 0) - len("   | …"))
    return spelt if look.verbose or len(spelt) <= room else spelt[:room] + "…"


def _stale(waiver: Mapping[str, Any]) -> Iterator[Text]:
    where = f" in {waiver['environment']}" if waiver["environment"] else ""
    yield Text(printable(f"{waiver['requirement']} stale waiver: {waiver['stale']}{where}"), style="bold red")
    yield Text(printable(f"   | {waiver['reason']}"))
    yield Text("   = fix: remove the waiver, or give it a new date")


def _undecided(report: Mapping[str, Any]) -> Iterator[Text]:
    open_ones = [each for each in report["requirements"] if each["status"] in {"not_tested", "inconclusive"}]
    if open_ones:
        yield Text("")
    for each in open_ones:
        why = f": {each['reason']}" if each["reason"] else ""
        yield Text(printable(f"{each['id']} {STATUS_WORDS[each['status']]}{why}"))
