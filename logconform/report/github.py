"""
The report as annotations of GitHub: a workflow command per cause, then the totals.

GitHub shows ten errors, ten warnings and ten notices of a step. The weightiest
causes are annotated; the totals say how many are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from logconform.report.ranking import VIOLATION, WARNING, Ranked, ranked
from logconform.report.subject import problems
from logconform.report.terminal import headline
from logconform.report.words import beyond_waivers, evidence_of, origin_of, place_of, plural, printable, share_of

if TYPE_CHECKING:
    from logconform.report import Look

SHOWN = 10
"""Annotations of one level that GitHub shows per step."""
PROBLEMS_ANNOTATED = 3
"""Of those, the ones that what could not be read may take."""

_LEVELS = {VIOLATION: "error", WARNING: "warning"}
_NO_FILE = re.compile(r"-$|[A-Za-z][A-Za-z0-9+.-]*://")


def render(report: Mapping[str, Any], look: Look) -> str:  # noqa: ARG001  # every format takes a look
    """Return *report* as workflow commands, one a line: errors for MUST, warnings for SHOULD, a notice for totals."""
    errors = list(_errors(report))
    room = {"error": SHOWN - len(errors), "warning": SHOWN}
    left: list[Ranked] = []
    lines = errors
    for each in ranked(report):
        level = _LEVELS.get(each.kind)
        if level is None or not room[level]:
            left.append(each)
            continue
        room[level] -= 1
        lines.append(_of_cause(level, each))
    return "\n".join([*lines, _totals(report, left)]) + "\n"


def _errors(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what makes the run fail, or its outcome doubtful, beside what was found."""
    for problem in list(problems(report, whole=True))[:PROBLEMS_ANNOTATED]:
        yield _command("error", {"title": "could not be read"}, problem)
    stale = report["summary"]["waivers_stale"]
    if stale:
        told = [printable(f"{each['requirement']}: {each['stale']} ({each['reason']})") for each in stale]
        fix = "fix: remove the waiver, or give it a new date"
        yield _command("error", {"title": plural(len(stale), "stale waiver")}, "\n".join([*told, fix]))
    if beyond := list(beyond_waivers(report)):
        told = [f"{name}: {why}" for name, why, _ in beyond]
        yield _command("error", {"title": "beyond what is waived"}, "\n".join(told))


def _of_cause(level: str, ranked: Ranked) -> str:
    kind, requirement, cause = ranked
    place = cause["places"][0] if cause["places"] else None
    lines = [printable(cause["message"])]
    if place and (where := place_of(place, byte=True)):
        lines.append(f"--> {where}")
    if place and (evidence := evidence_of(place)):
        lines.append(f"| {evidence}")
    origin = origin_of(cause)
    lines.append(f"{share_of(cause, requirement)}{f', from {origin}' if origin else ''}")
    if cause["fix"]:
        lines.append(f"fix: {printable(cause['fix'])}")
    lines.append(f"more: logconform explain {requirement['id']}")
    return _command(level, {**_file(place), "title": f"{requirement['id']} {kind}"}, "\n".join(lines))


def _file(place: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the properties that lead to a file; standard input and addresses are none."""
    if place is None or place["path"] is None or _NO_FILE.match(place["path"]):
        return {}
    return {"file": printable(place["path"]), "line": str(place["line"])}


def _totals(report: Mapping[str, Any], left: list[Ranked]) -> str:
    causes, found = report["causes"], sum(each["total"] for each in report["causes"])
    told = [headline(report), f"{plural(found, 'finding')} of {plural(len(causes), 'cause')}"]
    if left:
        told.append(f"not annotated: {plural(len(left), 'cause')}; the other formats show them")
    level = "error" if report["summary"]["verdict"] in {"nothing_tested", "inconclusive"} else "notice"
    return _command(level, {"title": "logconform"}, "\n".join(told))


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    r"""
    Return a workflow command.

    >>> _command("error", {"file": "a,b:c.log", "line": "3"}, "100 %\nfix: …")
    '::error file=a%2Cb%3Ac.log,line=3::100 %25%0Afix: …'
    """
    told = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{name} {told}::{_escaped(message)}"


def _escaped(text: str, also: str = "") -> str:
    for char in f"%\r\n{also}":  # the per cent sign first: it starts what stands for the others
        text = text.replace(char, f"%{ord(char):02X}")
    return text
