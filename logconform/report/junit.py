"""The report as JUnit XML, for the test views of CI systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from logconform.report.status import MUST
from logconform.report.words import (
    MANY_FAULTS,
    STATUS_WORDS,
    area_of,
    evidence_of,
    name_of_scenario,
    origin_of,
    place_of,
    printable,
    share_of,
)

if TYPE_CHECKING:
    from logconform.report import Look

_SKIPPED = {"not_tested", "inconclusive", "waived"}


def render(report: Mapping[str, Any], look: Look) -> str:  # noqa: ARG001  # every format takes a look
    """
    Return *report* as JUnit XML: a suite per environment and area, a case per requirement and scenario.

    A case of a requirement tells its causes, with exact totals. What is not
    tested, inconclusive, waived or not judged is skipped with its reason; a
    warning passes, with its text as output; a stale waiver fails, and so does
    a scenario that only fails sometimes.
    """
    root = ElementTree.Element("testsuites", name="logconform")
    for suite in _suites(report):
        root.append(suite)
    for name in ("tests", "failures", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("errors", "0")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suites(report: Mapping[str, Any]) -> Iterator[ElementTree.Element]:
    scenarios: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    exercises = [each for each in report["scenarios"] if each["requirement"] is None]
    for each in report["scenarios"]:
        if each["requirement"] is not None:
            scenarios.setdefault((each["environment"], area_of(each["requirement"])), []).append(each)
    known = {each["id"]: each for each in report["requirements"]}
    for environment in report["environments"]:
        name = environment["name"]
        for area, members in groupby(report["requirements"], key=lambda each: area_of(each["id"])):
            cases = [_requirement(report, each, name) for each in members]
            cases += [_scenario(each, known[each["requirement"]]) for each in scenarios.get((name, area), [])]
            yield _suite(f"{name} {area}", cases)
    if exercises:
        yield _suite("exercise", [_exercise(each) for each in exercises])
    if stale := report["summary"]["waivers_stale"]:
        yield _suite("waivers", [_stale(each) for each in stale])


def _suite(name: str, cases: Sequence[ElementTree.Element]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=printable(name), tests=str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", "0")
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    suite.extend(cases)
    return suite


def _requirement(report: Mapping[str, Any], requirement: Mapping[str, Any], environment: str) -> ElementTree.Element:
    case = _case(f"{environment}.{area_of(requirement['id'])}", f"{requirement['id']} {requirement['title']}")
    here = requirement["environments"][environment]
    found = [
        each
        for each in report["causes"]
        if each["requirement"] == requirement["id"] and each["environment"] == environment
    ]
    summary = f"{here['violations']:,} of {max(here['checked'], here['violations']):,} checks"
    if "faults_waived" in here and here["status"] != "waived":
        summary = f"{summary}; {here['reason']}: {'; '.join(here['faults'][:MANY_FAULTS])}"
    _outcome(
        case,
        here,
        judged=requirement["judged"],
        summary=summary,
        text="\n".join(_told(each, requirement) for each in found),
    )
    return case


def _scenario(scenario: Mapping[str, Any], requirement: Mapping[str, Any]) -> ElementTree.Element:
    classname = f"{scenario['environment']}.{area_of(scenario['requirement'])}"
    case = _case(classname, name_of_scenario(scenario), scenario["duration_s"])
    here = requirement["environments"][scenario["environment"]]
    status = scenario["outcome"]
    kind = "flaky" if status == "flaky" else "violation"
    if status == "flaky":
        status = "violated" if requirement["level"] == MUST else "warned"
    covered = here["status"] == "waived" and status in {"violated", "warned"}
    how = here if covered else {"status": status, "reason": scenario["reason"]}
    summary = scenario["reason"] or "does not hold"
    _outcome(case, how, judged=requirement["judged"], summary=summary, text=_told_of(scenario), kind=kind)
    return case


def _exercise(scenario: Mapping[str, Any]) -> ElementTree.Element:
    case = _case(f"{scenario['environment']}.exercise", scenario["name"], scenario["duration_s"])
    how = {"status": scenario["outcome"], "reason": scenario["reason"]}
    _outcome(case, how, judged=True, summary=scenario["reason"] or "does not hold", text=_told_of(scenario))
    return case


def _told_of(scenario: Mapping[str, Any]) -> str:
    steps = [f"{each['status']}: {each['keyword']} {each['text']}" for each in scenario["steps"]]
    evidence = [f"   | {each['text']}" for each in scenario["evidence"]]
    again = [f"   = again: {scenario['reproduce']}"] if scenario.get("reproduce") else []
    return "\n".join(map(printable, [*steps, *evidence, *again]))


def _outcome(
    case: ElementTree.Element,
    how: Mapping[str, Any],
    *,
    judged: bool,
    summary: str,
    text: str,
    kind: str = "violation",
) -> None:
    status, reason = how["status"], how["reason"]
    if status == "passed":
        return
    if status == "warned":
        ElementTree.SubElement(case, "system-out").text = f"warning: {printable(summary)}\n{text}"
    elif status in _SKIPPED or not judged:
        why = "the profile is not judged" if status == "violated" else STATUS_WORDS[status]
        message = f"{why}: {reason}" if reason else why
        ElementTree.SubElement(case, "skipped", message=printable(message))
    else:
        ElementTree.SubElement(case, "failure", type=kind, message=printable(summary)).text = text


def _case(classname: str, name: str, seconds: float = 0.0) -> ElementTree.Element:
    return ElementTree.Element("testcase", classname=printable(classname), name=printable(name), time=f"{seconds:.3f}")


def _told(cause: Mapping[str, Any], requirement: Mapping[str, Any]) -> str:
    lines = [printable(cause["message"])]
    for place in cause["places"]:
        if where := place_of(place, byte=True):
            lines.append(f"  --> {where}")
        if evidence := evidence_of(place):
            lines.append(f"   | {evidence}")
    origin = origin_of(cause)
    lines.append(f"   = {share_of(cause, requirement)}{f', from {origin}' if origin else ''}")
    if cause["fix"]:
        lines.append(f"   = fix: {printable(cause['fix'])}")
    return "\n".join(lines)


def _stale(waiver: Mapping[str, Any]) -> ElementTree.Element:
    case = _case("waivers", f"{waiver['requirement']} {waiver['reason']}")
    ElementTree.SubElement(case, "failure", type="stale waiver", message=printable(waiver["stale"]))
    return case
