"""The report for people: the verdict, a table of areas, and the causes of the findings with their remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from logconform.report.console import printed
from logconform.report.status import STATUSES, tally
from logconform.report.subject import problems, read_as, subject_of
from logconform.report.words import (
    OUTCOME_WORDS,
    STATUS_WORDS,
    area_of,
    beyond_waivers,
    clipped,
    evidence_of,
    kind_of_finding,
    name_of_scenario,
    origin_of,
    place_of,
    plural,
    printable,
    runs_of,
    share_of,
    verdict_words,
)

if TYPE_CHECKING:
    from logconform.report import Look

CAUSES_SHOWN = 5
"""Causes shown per requirement, unless the look is verbose."""
PLACES_SHOWN = 3
"""Places shown per cause, unless the look is verbose."""
REASONS_SHOWN = 3
"""Reasons shown why requirements were not decided, unless the look is verbose."""
EVIDENCE_SHOWN = 240
"""Characters of evidence shown per place, unless the look is verbose or wide."""

_STYLES = {"passed": "green", "violated": "bold red", "warned": "yellow", "inconclusive": "magenta"}
_VERDICT_STYLES = {"conforms": "bold green", "does_not_conform": "bold red"}


def render(report: Mapping[str, Any], look: Look) -> str:
    """Return *report* as text; without colour it is plain, for files and pipes."""
    return printed(_parts(report, look), look)


def findings(report: Mapping[str, Any], look: Look) -> str:
    """Return what stands against the subject, without what does not: the verdict, stale waivers, and the causes."""
    return printed(_against(report, look), look)


def headline(report: Mapping[str, Any]) -> str:
    """Return the verdict and what was judged, in one line."""
    return f"{verdict_words(report['summary'])}: {subject_of(report)}, against contract {report['contract_version']}"


def _parts(report: Mapping[str, Any], look: Look) -> Iterator[Text | Table]:
    summary = report["summary"]
    yield Text(headline(report), style=_VERDICT_STYLES.get(summary["verdict"], "bold yellow"))
    yield Text(_counts(summary))
    yield from _reading(report, look)
    for skipped in (each for each in report["environments"] if each["skipped"]):
        yield Text(printable(f"{skipped['name']} was skipped: {skipped['skipped']}"), style="yellow")
    yield Text("")
    yield _table(report)
    if not all(each["judged"] for each in summary["profiles"].values()):
        yield Text("* not judged", style="dim")
    yield from _open(report, look)
    for stale in summary["waivers_stale"]:
        yield Text("")
        yield from _stale(stale)
    yield from _beyond(report)
    for loose in summary.get("waivers_loose", ()):
        yield Text("")
        yield from _loose(loose)
    for requirement in report["requirements"]:
        yield from _causes(report, requirement, look)
    yield from _exercises(report)
    yield from _flaky(report)
    if look.verbose:
        yield from _reasons(report)


def _against(report: Mapping[str, Any], look: Look) -> Iterator[Text | Table]:
    yield Text(headline(report), style=_VERDICT_STYLES.get(report["summary"]["verdict"], "bold yellow"))
    for stale in report["summary"]["waivers_stale"]:
        yield Text("")
        yield from _stale(stale)
    for requirement in report["requirements"]:
        if requirement["judged"] and requirement["status"] in {"violated", "warned"}:
            yield from _causes(report, requirement, look)


def _reading(report: Mapping[str, Any], look: Look) -> Iterator[Text]:
    """Yield how the sources of a sample were read, and what could not be read."""
    if how := read_as(report["subject"]):
        yield Text(f"read as: {how}")
    for problem in problems(report, whole=look.verbose):
        yield Text.assemble(("problem", "bold red"), f": {problem}")


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


def _causes(report: Mapping[str, Any], requirement: Mapping[str, Any], look: Look) -> Iterator[Text]:
    found = [each for each in report["causes"] if each["requirement"] == requirement["id"]]
    shown = found if look.verbose else found[:CAUSES_SHOWN]
    several = len(report["environments"]) > 1
    scenarios = {each["id"]: each for each in report["scenarios"]}
    for cause in shown:
        yield Text("")
        yield from _cause(requirement, cause, several, look)
        yield from _again(scenarios.get(cause["places"][0]["scenario"]) if cause["places"] else None)
    if more := found[len(shown) :]:
        total = sum(each["total"] for each in more)
        told = f"and {plural(len(more), 'more cause')}, {plural(total, 'finding')}; --verbose shows them"
        yield Text("")
        yield Text(f"{requirement['id']}: {told}")


def _cause(requirement: Mapping[str, Any], cause: Mapping[str, Any], several: bool, look: Look) -> Iterator[Text]:
    name, kind = requirement["id"], kind_of_finding(requirement, cause)
    style = "bold red" if kind == "violation" else "bold yellow"
    yield Text.assemble((f"{name} {kind}", style), ": ", printable(cause["message"]))
    for place in cause["places"] if look.verbose else cause["places"][:PLACES_SHOWN]:
        if where := place_of(place, whole_ids=look.verbose, byte=True):
            yield Text(f"  --> {where}")
        if place["message"] != cause["message"]:
            yield Text(f"   = here: {printable(place['message'])}")
        if evidence := evidence_of(place):
            yield Text(f"   | {_evidence(evidence, look)}")
    where = printable(f" in {cause['environment']}") if several else ""
    origin = origin_of(cause)
    yield Text(f"   = {share_of(cause, requirement)}{where}{f', from {origin}' if origin else ''}")
    if cause["fix"]:
        yield Text(f"   = fix: {printable(cause['fix'])}")
    yield Text(f"   = more: logconform explain {name}")


def _exercises(report: Mapping[str, Any]) -> Iterator[Text]:
    """Yield how the service's own command came out, where that is not told already."""
    found = [each for each in report["scenarios"] if each["requirement"] is None and each["reason"]]
    for each in found:
        outcome = OUTCOME_WORDS[each["outcome"]]
        yield Text("")
        yield Text(printable(f"exercise in {each['environment']}: {outcome}: {each['reason']}"), style="bold yellow")
        yield from _again(each)


def _again(scenario: Mapping[str, Any] | None) -> Iterator[Text]:
    """Yield the command that runs a scenario again; a report of an older version has none."""
    if scenario is not None and scenario.get("reproduce"):
        yield Text(f"   = again: {printable(scenario['reproduce'])}")


def _flaky(report: Mapping[str, Any]) -> Iterator[Text]:
    """Yield the scenarios that did not come out the same in every run."""
    found = [each for each in report["scenarios"] if each["outcome"] == "flaky" and each["requirement"] is not None]
    several = len(report["environments"]) > 1
    runs = max((each.get("runs", 1) for each in report["scenarios"]), default=1)
    if runs > 1 and not found:
        yield Text("")
        yield Text(f"flaky: none, in {runs:,} runs of each scenario")
    if found:
        yield Text("")
        yield Text(f"flaky: {plural(len(found), 'scenario')} failed in some runs, and passed in others", "bold red")
    for each in found:
        where = printable(f" in {each['environment']}") if several else ""
        yield Text(f"{name_of_scenario(each)}: failed in {each['failed']:,} of {each['runs']:,} runs{where}")
        yield from _again(each)


def _evidence(text: str, look: Look) -> str:
    room = max(EVIDENCE_SHOWN, (look.width or 0) - len("   | …"))
    return text if look.verbose else clipped(text, room)


def _stale(waiver: Mapping[str, Any]) -> Iterator[Text]:
    where = f" in {waiver['environment']}" if waiver["environment"] else ""
    yield Text(printable(f"{waiver['requirement']} stale waiver: {waiver['stale']}{where}"), style="bold red")
    yield Text(printable(f"   | {waiver['reason']}"))
    yield Text("   = fix: remove the waiver, or give it a new date")


def _beyond(report: Mapping[str, Any]) -> Iterator[Text]:
    """Yield what there is more of than is waived; the causes below show where."""
    for name, told, faults in beyond_waivers(report):
        yield Text("")
        yield Text(f"{name} beyond its waiver: {told}", style="bold red")
        for fault in faults:
            yield Text(f"   - {printable(fault)}")


def _loose(waiver: Mapping[str, Any]) -> Iterator[Text]:
    where = f" in {waiver['environment']}" if waiver["environment"] else ""
    told = f"{waiver['requirement']} waiver allows {waiver['count']:,}, {waiver['enough']:,} would do{where}"
    yield Text(printable(told), style="yellow")
    yield Text(f"   = fix: set its count to {waiver['enough']}, or run `logconform init --update`")


def _open(report: Mapping[str, Any], look: Look) -> Iterator[Text]:
    """Yield what the subject never exercised, and what it left open, with the reason where that is the verdict."""
    names = [each["id"] for each in report["requirements"]]
    undecided = report["summary"]["verdict"] not in {"conforms", "does_not_conform"}
    for status in ("not_tested", "inconclusive"):
        found = [each for each in report["requirements"] if each["status"] == status and each["judged"]]
        if not found:
            continue
        ids = [each["id"] for each in found]
        yield Text(f"{STATUS_WORDS[status]}: {plural(len(found), 'requirement')} ({runs_of(ids, names)})", style="dim")
        if (undecided or status == "inconclusive") and not look.verbose:  # which tells all of them, at the end
            yield from _whys(found, names)


def _whys(requirements: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Iterator[Text]:
    """Yield the commonest reasons of some requirements that are not decided."""
    by_reason: dict[str, list[str]] = {}
    for each in requirements:
        if each["reason"]:
            by_reason.setdefault(each["reason"], []).append(each["id"])
    commonest = sorted(by_reason.items(), key=lambda item: -len(item[1]))
    for reason, ids in commonest[:REASONS_SHOWN]:
        yield Text(f"   = {runs_of(ids, names)}: {clipped(printable(reason), EVIDENCE_SHOWN)}", style="dim")
    if more := len(commonest[REASONS_SHOWN:]):
        yield Text(f"   = and {plural(more, 'more reason')}; --verbose shows them", style="dim")


def _reasons(report: Mapping[str, Any]) -> Iterator[Text]:
    open_ones = [each for each in report["requirements"] if each["status"] in {"not_tested", "inconclusive"}]
    if open_ones:
        yield Text("")
    for each in open_ones:
        why = f": {each['reason']}" if each["reason"] else ""
        yield Text(printable(f"{each['id']} {STATUS_WORDS[each['status']]}{why}"))
