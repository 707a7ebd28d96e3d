"""Words that the formats for people share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

STATUS_WORDS = {
    "passed": "passed",
    "violated": "violated",
    "warned": "warned",
    "not_tested": "not tested",
    "inconclusive": "inconclusive",
    "waived": "waived",
}
VERDICT_WORDS = {
    "conforms": "conforms",
    "does_not_conform": "does not conform",
    "nothing_tested": "nothing tested",
    "inconclusive": "inconclusive",
}
_KINDS = {"violated": "violation", "warned": "warning", "waived": "waived"}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")


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


def area_of(requirement: str) -> str:
    """
    Return the area of a requirement.

    >>> area_of("CTX005")
    'CTX'
    """
    return requirement.rstrip("0123456789")


def kind_of_finding(requirement: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """Return what a finding is called: a violation, a warning, or waived; and whether it counts."""
    here = requirement["environments"].get(finding["environment"], requirement)
    kind = _KINDS.get(here["status"], "violation")
    return kind if requirement["judged"] else f"{kind}, not judged"


def place_of(finding: Mapping[str, Any], *, several_environments: bool, whole_ids: bool = True) -> str:
    """Return where a finding was made, in one line: `worker.log:3  task 3f1c…`."""
    parts = []
    if finding["path"] is not None:
        parts.append(f"{finding['path']}:{finding['line']}")
    if finding["task_id"]:
        parts.append(f"task {_short(finding['task_id'], whole_ids)}")
    if finding["scenario"] and not parts:
        parts.append(finding["scenario"])
    if several_environments and finding["environment"]:
        parts.append(finding["environment"])
    return printable("  ".join(parts))


def _short(identifier: str, whole: bool) -> str:
    return identifier if whole or len(identifier) <= 12 else identifier[:8] + "…"
