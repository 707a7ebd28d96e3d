"""A comparison in lines: what the formats for people share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from logconform.report import diff, diff_catalogs
from logconform.report.words import STATUS_WORDS, VERDICT_WORDS, percent, plural

WORDS = {**diff.CHANGES, **diff_catalogs.CHANGES}
_BETTER = {"fixed", "newly_tested", "decided", "prevalence_down"}


class Line(NamedTuple):
    """One change: what it is about, and what it was and is. `mood` is `bad`, `good` or empty."""

    about: str
    told: str
    mood: str


def headline(made: Mapping[str, Any]) -> str:
    """Return the outcome in one line."""
    outcome = "regression" if made["regression"] else ("no regression" if made["changes"] else "no change")
    return f"{outcome}: {made['before']['path']} → {made['after']['path']}, {_sides(made)}"


def remarks(made: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know before the changes, the number of each kind first."""
    told = [", ".join(f"{title}: {len(lines):,}" for title, lines in sections(made))]
    return [each for each in [*told, *made["notes"]] if each]


def sections(made: Mapping[str, Any]) -> list[tuple[str, list[Line]]]:
    """Return the changes by their kind, each kind with its words; causes come last."""
    line = _requirement if made["kind"] == "report" else _event
    found: dict[str, list[Line]] = {}
    for kind, words in WORDS.items():
        for change in made["changes"]:
            if change["change"] == kind:
                found.setdefault(words, []).append(line(change))
    for member, words in (("causes_new", "new causes"), ("causes_gone", "gone causes")):
        for cause in made.get(member, ()):
            found.setdefault(words, []).append(_cause(cause))
    return list(found.items())


def _sides(made: Mapping[str, Any]) -> str:
    before, after = made["before"], made["after"]
    if made["kind"] == "catalog":
        return f"{plural(before['events'], 'event')} before, {after['events']:,} after"
    was, now = VERDICT_WORDS[before["verdict"]], VERDICT_WORDS[after["verdict"]]
    return f"{now}, as before" if was == now else f"{was} before, {now} now"


def _requirement(change: Mapping[str, Any]) -> Line:
    where = f" on {change['environment']}" if change["environment"] else ""
    judged = "" if change["judged"] else ", not judged"
    about = f"{change['requirement']} {change['level']}{judged}: {change['title']}{where}"
    mood = "bad" if change["regression"] else "good" if change["change"] in _BETTER else ""
    return Line(about, f"{_part(change['before'])} → {_part(change['after'])}", mood)


def _part(part: Mapping[str, Any] | None) -> str:
    if part is None:
        return "not in the contract"
    word, checked, violations = STATUS_WORDS[part["status"]], part["checked"], part["violations"]
    if not checked:
        return word
    share = f", {percent(violations, checked)}" if violations else ""
    return f"{word} ({violations:,} of {checked:,} checks{share})"


def _cause(cause: Mapping[str, Any]) -> Line:
    logger = "" if cause["logger"] is None else f" from {cause['logger']}"
    event = "" if cause["event"] is None else f': "{cause["event"]}"'
    return Line(f"{cause['requirement']}: {cause['message']}", plural(cause["total"], "finding") + logger + event, "")


def _event(change: Mapping[str, Any]) -> Line:
    field = f", field {change['field']}" if change["field"] is not None else ""
    parts = (change["service"], change["logger"], change["event"])
    service, logger, event = ("(none)" if part is None else part for part in parts)
    mood = "bad" if change["regression"] else ""
    return Line(f"{service} {logger}: {event}{field}", _told(change), mood)


def _told(change: Mapping[str, Any]) -> str:
    kind, before, after = change["change"], change["before"], change["after"]
    if kind == "field_rarer":
        return f"in {percent(*before)} of its records → {percent(*after)}"
    if kind in {"event_vanished", "event_new", "no_longer_constant"}:
        return f"{plural(before, 'record')} → {after:,}"
    return f"{' or '.join(before) or 'none'} → {' or '.join(after) or 'none'}"
