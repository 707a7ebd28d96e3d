"""
The report as SARIF 2.1.0, for code scanning and editors.

A rule is a requirement that something was found of, a result is one place. What
keeps a result the same from run to run is its cause, not its line: every run of
a worker writes other lines.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from logconform.contract import load_contract
from logconform.report.ranking import VIOLATION, WARNING, Ranked, in_order
from logconform.report.status import exit_code
from logconform.report.subject import problems
from logconform.report.words import area_of, evidence_of, origin_of, printable, share_of, verdict_words

if TYPE_CHECKING:
    from logconform.report import Look

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS = {VIOLATION: "error", WARNING: "warning"}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def render(report: Mapping[str, Any], look: Look) -> str:  # noqa: ARG001  # every format takes a look
    """Return *report* as a SARIF log of one run, indented by two."""
    found = list(in_order(report))
    rules = {each.requirement["id"]: each.requirement for each in found}
    run = {
        "tool": {
            "driver": {
                "name": report["tool"]["name"],
                "version": report["tool"]["version"],
                "rules": [_rule(report, each, _fixes(found, name)) for name, each in rules.items()],
            }
        },
        "invocations": [_invocation(report)],
        "results": list(_results(report, found, list(rules))),
        "properties": {"contractVersion": report["contract_version"], "verdict": report["summary"]["verdict"]},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode("utf-8")


def _fixes(found: list[Ranked], requirement: str) -> list[str]:
    fixes = (printable(each.cause["fix"]) for each in found if each.requirement["id"] == requirement)
    return [each for each in dict.fromkeys(fixes) if each]


def _rule(report: Mapping[str, Any], requirement: Mapping[str, Any], fixes: list[str]) -> dict[str, Any]:
    name = requirement["id"]
    address = _documentation()
    page = requirement["page"].removesuffix(".md")
    return {
        "id": name,
        "shortDescription": {"text": printable(requirement["title"])},
        "fullDescription": {"text": printable(_statement(report, requirement))},
        "help": {"text": "\n".join([*fixes, f"More: logconform explain {name}"])},
        **({"helpUri": f"{address}/{page}.html#{name}"} if address else {}),
        "defaultConfiguration": {"level": "error" if requirement["level"] == "MUST" else "warning"},
        "properties": {"tags": [area_of(name), requirement["profile"]]},
    }


def _statement(report: Mapping[str, Any], requirement: Mapping[str, Any]) -> str:
    """Return the normative sentence, if the contract here is the one that was judged against; else the title."""
    contract = load_contract()
    known = contract.get(requirement["id"])
    if known is None or contract.version != report["contract_version"] or known.title != requirement["title"]:
        return str(requirement["title"])
    return f"{known.level}: {known.statement}"


@cache
def _documentation() -> str | None:
    """Return where the site is, as the installed package says; None where it does not: no address is made up."""
    try:
        urls = metadata("logconform").get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    named = dict(str(each).split(", ", 1) for each in urls if ", " in str(each))
    return named.get("Documentation", "").rstrip("/") or None


def _invocation(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the run went. The exit code is that of the default `--fail-on`."""
    unread = list(problems(report, whole=True))
    partial = bool(report["subject"].get("partial"))
    notes = [("error", each) for each in unread]
    notes += [("warning", "reading was stopped before the end")] if partial else []
    notes += [
        ("warning", printable(f"{each['name']} was skipped: {each['skipped']}"))
        for each in report["environments"]
        if each["skipped"]
    ]
    stale = [
        ("error", printable(f"{each['requirement']} stale waiver: {each['stale']} ({each['reason']})"))
        for each in report["summary"]["waivers_stale"]
    ]
    return {
        "executionSuccessful": not unread and not partial,
        "exitCode": exit_code(report),
        "exitCodeDescription": verdict_words(report["summary"]),
        "toolExecutionNotifications": [_notification(*each) for each in notes],
        "toolConfigurationNotifications": [_notification(*each) for each in stale],
    }


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}


def _results(report: Mapping[str, Any], found: list[Ranked], rules: list[str]) -> Iterator[dict[str, Any]]:
    number: Counter[str] = Counter()
    for each in found:
        mark = fingerprint(each.cause)
        for place in each.cause["places"]:
            number[mark] += 1
            yield {
                "ruleId": each.requirement["id"],
                "ruleIndex": rules.index(each.requirement["id"]),
                "level": _LEVELS.get(each.kind, "note"),
                "message": {"text": _message(each, place)},
                "locations": [_location(report, place)],
                "partialFingerprints": {"cause/v1": mark, "primaryLocationLineHash": f"{mark}:{number[mark]}"},
                "suppressions": _suppressions(each),
                "properties": {
                    "environment": printable(each.cause["environment"]),
                    "taskId": printable(place["task_id"] or "") or None,
                    "evidence": evidence_of(place),
                    "total": each.cause["total"],
                },
            }


def fingerprint(cause: Mapping[str, Any]) -> str:
    """Return what makes a cause the same one in another run: its requirement, logger, event and shape."""
    parts = [cause["requirement"], cause["logger"], cause["event"], cause["shape"]]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]


def _message(ranked: Ranked, place: Mapping[str, Any]) -> str:
    cause, origin = ranked.cause, origin_of(ranked.cause)
    told = f"{printable(place['message'])}\n{share_of(cause, ranked.requirement)}"
    told += f", from {origin}" if origin else ""
    return f"{told}\nFix: {printable(cause['fix'])}" if cause["fix"] else told


def _location(report: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a finding is; code scanning refuses a file without a place, so the subject stands in for one."""
    if place["path"] is None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _subject_uri(report["subject"])}}
    else:
        region = {"startLine": place["line"], "byteOffset": place["offset"]}
        physical = {"artifactLocation": {"uri": uri_of(place["path"])}, "region": region}
    if not place["scenario"]:
        return {"physicalLocation": physical}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": printable(place["scenario"]), "kind": "scenario"}],
    }


def uri_of(path: str) -> str:
    """
    Return the URI of a source: relative as it was named, or absolute.

    >>> uri_of("logs/a b:1.log"), uri_of("/var/log/worker.log"), uri_of("-")
    ('logs/a%20b%3A1.log', 'file:///var/log/worker.log', 'stdin')
    >>> uri_of("s3://logs/a b.log")
    's3://logs/a%20b.log'
    """
    if path == "-":
        return "stdin"
    if _ADDRESS.match(path):
        return quote(path, safe=":/?&=*@%+~,;")
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)


def _subject_uri(subject: Mapping[str, Any]) -> str:
    """Return the first file of a sample, or the module that an app is in."""
    if subject["kind"] == "app":
        return quote(subject["app"].partition(":")[0].replace(".", "/") + ".py")
    return uri_of(subject["paths"][0]) if subject["paths"] else "stdin"


def _suppressions(ranked: Ranked) -> list[dict[str, Any]]:
    here = ranked.requirement["environments"].get(ranked.cause["environment"], ranked.requirement)
    if here["status"] != "waived":
        return []
    return [{"kind": "external", "status": "accepted", "justification": printable(here["reason"] or "waived")}]
