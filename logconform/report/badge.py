"""The report as a badge: the JSON that an endpoint for shields answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from logconform.report.status import floor_percent
from logconform.report.words import VERDICT_WORDS, plural

if TYPE_CHECKING:
    from logconform.report import Look

_COLOURS = ((90, "yellow"), (70, "orange"), (0, "red"))
"""The least per cent of MUST requirements that hold → colour, where the verdict is against the subject."""


def render(report: Mapping[str, Any], look: Look) -> str:  # noqa: ARG001  # every format takes a look
    """
    Return the badge of *report*: `conforms`, or how many of the MUST requirements hold, rounded down.

    What conforms only with waivers says so, in a duller green.
    """
    message, colour = _told(report["summary"])
    badge = {"schemaVersion": 1, "label": "logconform", "message": message, "color": colour}
    return orjson.dumps(badge, option=orjson.OPT_APPEND_NEWLINE).decode("utf-8")


def _told(summary: Mapping[str, Any]) -> tuple[str, str]:
    verdict, must = summary["verdict"], summary["must"]
    if verdict == "conforms" and (waivers := summary.get("waivers", 0)):
        return f"{VERDICT_WORDS[verdict]}, {plural(waivers, 'waiver')}", "green"
    if verdict == "conforms":
        return VERDICT_WORDS[verdict], "brightgreen"
    if verdict != "does_not_conform":
        return VERDICT_WORDS[verdict], "lightgrey"
    if not must["violated"]:
        return "stale waiver", "red"
    # What a waiver covers does not hold either; what was not tested says nothing.
    share = floor_percent(must["passed"], must["passed"] + must["violated"] + must["waived"])
    return f"{share}% of MUST hold", next(colour for least, colour in _COLOURS if share >= least)
