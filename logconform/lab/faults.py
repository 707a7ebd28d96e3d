"""
What counts as one fault: the unit of a waiver's `count`.

How often a fault occurs differs from run to run, since Celery's own lines do.
What stays the same on a service that stays the same, and grows with a new fault:

- a scenario that fails, for each kind of thing that is wrong in it;
- a kind of fault in the records of one logger; in lifecycle records, of one event. Other events don't
  matter: a further log statement of a logger that was wrong before is no new fault. Celery's loggers are
  one, since some of them speak only now and then;
- a form of lines that are no records: the layout before the message, where a line has time or level, else the
  line's own words. What Celery prints at start and shutdown, tracebacks, blank and indented lines are a form each.

Values, numbers, quoted words and identifiers are left out of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from logconform.findings import Finding, without_values
from logconform.lab.evidence import LIFECYCLE_EVENTS
from logconform.report.words import clipped
from logconform.secrets import redact_text

FAULTS_KEPT = 200
"""Faults told apart per requirement; what prints ever new words would else have no end."""
WORDS_SHOWN = 60
"""Characters of a line without layout that tell it apart."""

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_VALUES = re.compile(
    r"\bq[0-9a-f]{11}\b"  # the nonce of a probe
    r"|\b[0-9a-f]{8}-[0-9a-f-]{27}\b"
    r"|\b(?=\w*\d)[0-9a-fA-F]{8,}\b"
    r"|0x[0-9a-f]+"
)
_TIME = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
    r"|\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?"
    r"|\w{3} +\d{1,2} \d\d:\d\d:\d\d"
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?"
)
_LEVEL = re.compile(r"\b(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b|\[(?:debug|info|warning|error|critical) *\]")
_LAYOUT_WITHIN = 80
"""Characters from the beginning of a line in which time and level are looked for."""
_WORDS_BETWEEN = 4
"""Words that a layout may have beside time and level, such as the names of a logger and a process."""
_MARK_OR_WORD = re.compile(r"(<\w+>)|\w+(?:[-.$@/]\w+)*")

_OF_CELERY = re.compile(r"(?:celery|kombu|amqp|billiard|vine|redis)(?:\.(?!task$)|$)")
"""The loggers of Celery and what it is made of; `celery.task` is where `get_task_logger` hangs those of tasks."""
_PRINTED_BY_CELERY = re.compile(
    r" -{14} |-{1,3} \*{2,7} -|\[tasks\]|  \. \S|\s+\.> |worker: (?:Warm|Cold|Hitting|Restarting)\b"
)
_TRACEBACK = re.compile(
    r"(?:Traceback \(most recent call last\):|The above exception was the direct cause|During handling of the above"
    r"|[A-Za-z_][\w.]*(?:Error|Exception|Exceeded|Exit|Interrupt|Warning|Timeout)(?::|$)| *[|+] )"
)


@dataclass
class Faults:
    """The faults of one environment, by requirement, as they are noted."""

    found: dict[str, set[str]] = field(default_factory=dict)

    def note(self, finding: Finding) -> None:
        """Take note of what one of the common rules found."""
        if len(self.found.get(finding.requirement, ())) < FAULTS_KEPT:
            self._add(finding.requirement, fault_of(finding))

    def note_all(self, scenario: str, findings: Iterable[Finding]) -> None:
        """Take note of what a scenario found."""
        for finding in findings:
            kind = "" if finding.requirement == "FMT001" else f": {_masked(finding.shape or finding.message)}"
            self._add(finding.requirement, scenario + kind)  # of FMT001 it only repeats which lines are no records

    def noting(self, wanted: Callable[[Finding], bool]) -> Callable[[Finding], bool]:
        """Return *wanted*, taking note of each finding that it lets pass."""

        def counts(finding: Finding) -> bool:
            passes = wanted(finding)
            if passes:
                self.note(finding)
            return passes

        return counts

    def add(self, other: Mapping[str, Iterable[str]]) -> None:
        """Take in the faults of another worker of the same environment."""
        for requirement, faults in other.items():
            for fault in faults:
                self._add(requirement, fault)

    def _add(self, requirement: str, fault: str) -> None:
        known = self.found.setdefault(requirement, set())
        if len(known) < FAULTS_KEPT:
            known.add(fault)


def most(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """
    Return the faults of the run that had most of them, requirement by requirement.

    >>> most({"FMT001": {"a", "b"}}, {"FMT001": {"c"}, "FMT003": {"d"}})["FMT003"]
    {'d'}
    """
    names = {**one, **other}
    return {name: max(one.get(name, set()), other.get(name, set()), key=len) for name in names}


def fault_of(finding: Finding) -> str:
    """
    Return which fault a finding of the common rules is one of, in words.

    >>> fault_of(Finding("START002", "args_count is missing", logger="billing", event="Task starting"))
    'billing, Task starting: args_count is missing'
    >>> fault_of(Finding("FMT004", "level is 'WARN'", logger="billing", event="Card 17 refused"))
    'billing: level is …'
    """
    if finding.requirement == "FMT001" and finding.raw is not None and not finding.raw.lstrip().startswith(b"{"):
        return form_of(finding.raw)
    event = finding.event if finding.event in LIFECYCLE_EVENTS else None
    logger = "Celery's loggers" if _OF_CELERY.match(finding.logger or "") else _masked(finding.logger or "")
    about = ", ".join(filter(None, [logger, event]))
    kind = _masked(finding.shape or finding.message)
    return f"{about}: {kind}" if about else kind


def form_of(line: bytes) -> str:
    """
    Return the form of a line that is no record.

    >>> form_of(b"[2026-03-01 12:00:00,123: INFO/MainProcess] celery@host ready.")
    'lines like "[<time>: <level>"'
    >>> form_of(b"INFO:billing.tasks:charged card 17")
    'lines like "<level>"'
    >>> form_of(b"charging card 17 of 'acme'")
    'lines like "charging card … of …"'
    >>> form_of(b"Traceback (most recent call last):")
    'tracebacks'
    """
    text = _ANSI.sub("", line.decode("utf-8", "replace")).rstrip()
    if not text:
        return "blank lines"
    if _PRINTED_BY_CELERY.match(text):
        return "what Celery prints at start and shutdown"
    if _TRACEBACK.match(text):
        return "tracebacks"
    if layout := _layout(text):
        return f'lines like "{layout}"'
    if text[0].isspace():
        return "indented lines"
    return f'lines like "{clipped(_masked(redact_text(text)), WORDS_SHOWN)}"'


def _layout(text: str) -> str | None:
    """Return what stands before the message, up to the later of time and level; None where there is neither."""
    head = text[:_LAYOUT_WITHIN]
    marked = _LEVEL.sub("<level>", _TIME.sub("<time>", head, count=1), count=1)
    ends = {mark: marked.find(mark) + len(mark) for mark in ("<time>", "<level>") if mark in marked}
    for end in sorted(ends.values(), reverse=True):
        layout = _MARK_OR_WORD.sub(lambda found: found[1] or "…", marked[:end])
        if layout.count("…") <= _WORDS_BETWEEN:
            return layout
    return None


def _masked(text: str) -> str:
    """
    Return *text* without its values.

    >>> _masked("task 3f1c0d2e-0000-4000-8000-000000000000 took 17 ms")
    'task … took … ms'
    """
    return without_values(_VALUES.sub("…", text))
