"""
The page of the conformance report.

Evidence may hold anything, so nothing of a report ever passes through Markdown: the page's Markdown has slots, and
templates that escape every value fill them in the finished HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2

from logconform.report.status import STATUSES
from logconform.report.words import (
    OUTCOME_WORDS,
    VERDICT_WORDS,
    beyond_waivers,
    kind_of_finding,
    place_of,
    plural,
    printable,
    size,
    verdict_words,
)
from logconform.site.source import DEFAULT_NAME, VARIABLE, Absent, Broken, Shown

MARKER = "<!-- logconform: report -->"
"""Where the source page wants the report."""
SYMBOLS = {"passed": "✓", "violated": "✗", "warned": "!", "not_tested": "–", "inconclusive": "?", "waived": "~",
           "flaky": "≈"}  # fmt: skip
VERDICT_SYMBOLS = {"conforms": "✓", "does_not_conform": "✗", "nothing_tested": "–", "inconclusive": "?"}
_SECTIONS = {"verdict": "Verdict", "requirements": "Requirements", "findings": "Findings", "scenarios": "Scenarios"}

Entry = Mapping[str, Any]
Link = Callable[[Entry], str | None]
"""From a requirement of the report to the address of its text; None where the site doesn't have it."""


def markdown_of(page: str, loaded: Shown | Absent | Broken) -> str:
    """Return the source *page* with its marker replaced by headings and slots."""
    if isinstance(loaded, Shown):
        slots = [f"## {title}\n\n{_slot(name)}" for name, title in _SECTIONS.items()]
    else:
        slots = [_slot("absent" if isinstance(loaded, Absent) else "broken")]
    return page.replace(MARKER, "\n\n".join(slots))


def html_of(page: str, loaded: Shown | Absent | Broken, link: Link) -> str:
    """Return the finished HTML of a *page* with every slot filled."""
    if isinstance(loaded, Shown):
        view = _View(loaded, link)
        filled = {name: view.render(name) for name in _SECTIONS}
    elif isinstance(loaded, Absent):
        filled = {"absent": _render("absent", path=loaded.path.name, variable=VARIABLE, default=DEFAULT_NAME)}
    else:
        told = {"path": loaded.path.name, "problem": printable(loaded.problem), "remedy": loaded.remedy}
        filled = {"broken": _render("broken", **told)}
    # Split first: a slot's name inside evidence must not be filled in turn.
    head, *parts = page.split('<div data-report="')
    for part in parts:
        name, _, rest = part.partition('"></div>')
        head += filled[name] + rest
    return head


def _slot(name: str) -> str:
    return f'<div data-report="{name}"></div>'


@dataclass(frozen=True, slots=True)
class _View:
    """A report, seen in the order in which its page shows it."""

    shown: Shown
    link: Link

    @property
    def report(self) -> Entry:
        return self.shown.report

    def render(self, name: str) -> str:
        values = getattr(self, f"_{name}")()
        return _render(name, report=self.report, view=self, **values)

    def _verdict(self) -> dict[str, Any]:
        subject, told = _subject(self.report["subject"])
        ran = [each for each in self.report["environments"] if not each["skipped"]]
        return {
            "subject": subject,
            "subject_told": told,
            "written": f"{self.shown.written:%Y-%m-%d %H:%M} UTC",
            "ran": ran,
            "skipped": [each for each in self.report["environments"] if each["skipped"]],
            "judged": sum(self.report["summary"]["counts"].values()),
            "told": verdict_words(self.report["summary"]),
            "beyond": list(beyond_waivers(self.report)),
            "loose": self.report["summary"].get("waivers_loose", []),
        }

    def _requirements(self) -> dict[str, Any]:
        rows = groupby(self.report["requirements"], key=lambda each: each["profile"])
        return {"profiles": [(name, list(members)) for name, members in rows], "found": self._found()}

    def _findings(self) -> dict[str, Any]:
        return {"groups": [self._group(key, list(members)) for key, members in self._grouped("findings")]}

    def _scenarios(self) -> dict[str, Any]:
        return {"groups": [(*key, list(members)) for key, members in self._grouped("scenarios")]}

    def _grouped(self, part: str) -> Iterable[tuple[tuple[str | None, str | None], Iterable[Entry]]]:
        return groupby(self.report[part], key=lambda each: (each["requirement"], each["environment"]))

    def _group(self, key: tuple[str | None, str | None], found: Sequence[Entry]) -> dict[str, Any]:
        requirement = self.requirement(key[0])
        here = requirement["environments"].get(key[1], requirement)
        return {
            "requirement": requirement,
            "environment": key[1],
            "kind": kind_of_finding(requirement, found[0]) if requirement["environments"] else "violation",
            "status": here["status"],
            "findings": found,
            "more": max(0, here["violations"] - len(found)),
        }

    def _found(self) -> dict[str, set[tuple[str | None, str | None]]]:
        return {part: {key for key, _ in self._grouped(part)} for part in ("findings", "scenarios")}

    def anchor(self, part: str, requirement: str | None, environment: str | None) -> str:
        """Return the id of a requirement's findings or scenarios in one environment; names of any kind are allowed."""
        names = [each["name"] for each in self.report["environments"]]
        number = names.index(environment) + 1 if environment in names else 0
        return f"{part}-{requirement or 'exercise'}-{number}"

    def requirement(self, name: str | None) -> Entry:
        """Return the report's entry of a requirement; one that it only names gets an empty entry."""
        known = (each for each in self.report["requirements"] if each["id"] == name)
        return next(known, {"id": name, "level": "", "title": "", "status": "violated", "judged": True, "page": "",
                            "environments": {}, "violations": 0})  # fmt: skip

    def where(self, finding: Entry) -> str:
        """Return where a finding was made."""
        return place_of(finding, several_environments=False)


def _subject(subject: Entry) -> tuple[str, str]:
    """Return what was judged, and how much of it."""
    if subject["kind"] == "app":
        return subject["app"], "a Celery app, run in the lab"
    much = f"{plural(subject['records'], 'record')}, {size(subject['bytes'])}"
    part = "; reading was stopped before the end" if subject.get("partial") else ""
    return ", ".join(subject["paths"]), f"a sample of {much}{part}"


def _render(name: str, **values: Any) -> str:
    return _templates().get_template(f"{name}.html").render(**values)


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    environment.filters["plural"] = plural
    environment.globals.update(
        statuses=STATUSES,
        status_words=OUTCOME_WORDS,
        symbols=SYMBOLS,
        verdict_words=VERDICT_WORDS,
        verdict_symbols=VERDICT_SYMBOLS,
    )
    return environment
