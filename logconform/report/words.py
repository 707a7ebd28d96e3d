"""Words that the formats for people share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

STATUS_WORDS = {
    "passed": "passed",
    "violated": "violated",
    "warned": "warned",
    "not_tested": "not tested",
    "inconclusive": "inconclusive",
    "waived": "waived",
}
OUTCOME_WORDS = {**STATUS_WORDS, "flaky": "flaky"}
"""How a scenario can come out."""
VERDICT_WORDS = {
    "conforms": "conforms",
    "does_not_conform": "does not conform",
    "nothing_tested": "nothing tested",
    "inconclusive": "inconclusive",
}
MANY_FAULTS = 20
"""Faults of one requirement that are listed where more were found than waived."""
_KINDS = {"violated": "violation", "warned": "warning", "waived": "waived"}
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""
    Return *text* with everything that steers a terminal or breaks XML spelt out.

    >>> printable("a\x1b[31m\nb")
    'a\\x1b[31m\\nb'
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def plural(number: int, thing: str) -> str:
    """
    Return a number with its thing.

    >>> plural(1, "record"), plural(1204, "record")
    ('1 record', '1,204 records')
    """
    return f"{number:,} {thing if number == 1 else thing + 's'}"


def verdict_words(summary: Mapping[str, Any]) -> str:
    """
    Return the verdict, and how many waivers it rests on; a report of an older version doesn't say.

    >>> verdict_words({"verdict": "conforms", "waivers": 3}), verdict_words({"verdict": "does_not_conform"})
    ('conforms, resting on 3 waivers', 'does not conform')
    """
    words, waivers = VERDICT_WORDS[summary["verdict"]], summary.get("waivers", 0)
    return f"{words}, resting on {plural(waivers, 'waiver')}" if waivers and words == "conforms" else words


def beyond_waivers(report: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """
    Yield each requirement that is violated because more was found than is waived, in words, with the faults.

    The faults are as they were found: whoever shows them makes them printable.
    """
    several = len(report["environments"]) > 1
    for requirement in (each for each in report["requirements"] if each["judged"]):
        for name, part in requirement["environments"].items():
            faults = part.get("faults", [])
            if part["status"] != "violated" or "faults_waived" not in part:
                continue
            more = [f"and {len(faults) - MANY_FAULTS:,} more"] if len(faults) > MANY_FAULTS else []
            where = f" in {name}" if several else ""
            yield requirement["id"], printable(f"{part['reason']}{where}"), [*faults[:MANY_FAULTS], *more]


def size(number: int) -> str:
    """
    Return a number of bytes for people, rounded down.

    >>> size(999), size(1_999), size(12_345_678)
    ('999 bytes', '1.9 kB', '12.3 MB')
    """
    if number < 1000:
        return plural(number, "byte")
    for unit, factor in (("kB", 1000), ("MB", 1000**2), ("GB", 1000**3)):
        if number < factor * 1000 or unit == "GB":
            return f"{number * 10 // factor / 10:,} {unit}"
    raise AssertionError("unreachable")


def percent(part: int, whole: int) -> str:
    """
    Return *part* in *whole* for people, rounded down to a tenth: only all of it is 100 %, only none of it 0 %.

    >>> percent(12, 4_803), percent(2_999, 3_000), percent(3, 3), percent(1, 2_000), percent(0, 7)
    ('0.2 %', '99.9 %', '100 %', 'under 0.1 %', '0 %')
    """
    tenths = part * 1000 // whole if whole else 0
    if part and not tenths:
        return "under 0.1 %"
    return f"{tenths // 10}{f'.{tenths % 10}' if tenths % 10 else ''} %"


def area_of(requirement: str) -> str:
    """
    Return the area of a requirement.

    >>> area_of("CTX005")
    'CTX'
    """
    return requirement.rstrip("0123456789")


def runs_of(found: Sequence[str], everything: Sequence[str]) -> str:
    """
    Return requirements in few words: those of one area that follow each other in *everything* are one run.

    >>> runs_of(["FMT001", "FMT003", "FMT004", "FMT005"], ["FMT001", "FMT002", "FMT003", "FMT004", "FMT005"])
    'FMT001, FMT003 to FMT005'
    """
    runs: list[list[str]] = []
    before = dict(zip(everything[1:], everything, strict=False))
    for name in found:
        if runs and runs[-1][-1] == before.get(name) and area_of(runs[-1][-1]) == area_of(name):
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(", ".join(run) if len(run) < 3 else f"{run[0]} to {run[-1]}" for run in runs)


def kind_of_finding(requirement: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """Return what a finding or a cause is called: a violation, a warning, or waived; and whether it counts."""
    here = requirement["environments"].get(finding["environment"], requirement)
    kind = _KINDS.get(here["status"], "violation")
    return kind if requirement["judged"] else f"{kind}, not judged"


def name_of_scenario(scenario: Mapping[str, Any]) -> str:
    """
    Return how people call a scenario: by what `--only` takes, where the report has that, and its name.

    >>> name_of_scenario({"short_id": "CTX005-3f2a", "requirement": "CTX005", "name": "A task fails"})
    'CTX005-3f2a A task fails'
    """
    name = scenario.get("short_id") or scenario["requirement"]
    return printable(f"{name} {scenario['name']}")


def place_of(
    finding: Mapping[str, Any], *, several_environments: bool = False, whole_ids: bool = True, byte: bool = False
) -> str:
    """Return where a finding was made, in one line: `worker.log:3 (byte 512)  task 3f1c…`."""
    parts = []
    if finding["path"] is not None:
        parts.append(f"{finding['path']}:{finding['line']}" + (f" (byte {finding['offset']})" if byte else ""))
    if finding["task_id"]:
        parts.append(f"task {_short(finding['task_id'], whole_ids)}")
    if finding["scenario"] and not parts:
        parts.append(finding["scenario"])
    if several_environments and finding["environment"]:
        parts.append(finding["environment"])
    return printable("  ".join(parts))


def share_of(cause: Mapping[str, Any], requirement: Mapping[str, Any]) -> str:
    """Return how many of the checks of a requirement fail for *cause*: `12 of 4,803 checked (0.2 %)`."""
    here = requirement["environments"].get(cause["environment"], requirement)
    checks = max(here["checked"], here["violations"], cause["total"])
    return f"{cause['total']:,} of {checks:,} checked ({percent(cause['total'], checks)})"


def origin_of(cause: Mapping[str, Any]) -> str:
    """Return which records *cause* is about: `app.tasks: "Task failed, retrying"`; empty where nobody knows."""
    logger, event = cause["logger"], cause["event"]
    return printable(": ".join(each for each in (logger, None if event is None else f'"{event}"') if each))


def evidence_of(place: Mapping[str, Any]) -> str:
    """Return the excerpt of a place in one line; may be empty."""
    return printable(place["evidence"].rstrip("\n"))


def clipped(text: str, length: int) -> str:
    """
    Return *text* with at most *length* characters, and a mark where some are missing.

    >>> clipped("retrying", 5), clipped("retry", 5)
    ('retry…', 'retry')
    """
    return text if len(text) <= length else text[:length] + "…"


def _short(identifier: str, whole: bool) -> str:
    return identifier if whole or len(identifier) <= 12 else identifier[:8] + "…"
