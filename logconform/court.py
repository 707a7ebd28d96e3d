"""
The exact judgement: every line, every rule.

A `Court` sees the lines of one part of one service's stream and gives a
`Part`. What only the whole sample decides it leaves open; `fold` counts a task
that is decided already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from logconform.findings import Finding, Verdict, without_values
from logconform.partial import (
    CALLED_WITH_TENANT,
    CALLED_WITH_USER,
    STARTED,
    Begin,
    Digest,
    Line,
    Part,
    Rows,
    stable_digest,
)
from logconform.records import UNTERMINATED, Reading, Record
from logconform.rules import (
    UNDECIDED,
    GatheringRule,
    History,
    IfBound,
    Outcome,
    PartOfSample,
    Rule,
    StreamRule,
    TaskRule,
    Unsettled,
    discover,
)
from logconform.rules.history import LIFECYCLE, is_further, text_value
from logconform.rules.sample import seconds
from logconform.rules.survey import Stretch, is_end_of_a_record, span_of
from logconform.schemas import check_record, kind_of

LINE_REQUIREMENTS = ("FMT001", "FMT002", "FMT009", "FMT011")
"""What the reader checks on every line."""
_OF_OBJECTS = {"FMT002", "FMT009"}
"""Those that a line which is no object neither keeps nor breaks: it has no members, and no numbers."""
ONE_WORKER_ONLY = {"FMT005"}
"""Requirements whose stream rules need a stream that is known to be one worker's."""
EVERY_RECORD = ("FMT", "CTX", "EXEC003", "TRACE")
"""What the schema of every kind of record checks: it holds for a record that borrows a lifecycle event too."""

Wanted = Callable[[Finding], bool]


@cache
def task_rules() -> tuple[TaskRule, ...]:
    """Return every rule over one task's records; they hold no state."""
    return tuple(rule() for rule in discover() if issubclass(rule, TaskRule))


def stream_rules(*, one_worker: bool) -> list[StreamRule]:
    """Return a new instance of every rule over single records."""
    return [
        rule()
        for rule in discover()
        if issubclass(rule, StreamRule) and (one_worker or rule.requirement not in ONE_WORKER_ONLY)
    ]


@dataclass
class Court:
    """Judges the lines of one part. `complete`: the part is one worker's whole stream."""

    begin: Begin = (0, 0)
    complete: bool = False
    wanted: Wanted = lambda _: True
    digest: Digest = stable_digest
    part: Part = field(default_factory=Part)
    lines: int = 0
    objects: int = 0
    """How many of the lines are JSON objects."""
    checked: Counter[str] = field(default_factory=Counter)
    histories: dict[str, list[Record]] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)
    conditional: list[IfBound] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = self.part.rows.setdefault(self.begin, Rows())
        self.stream_rules = stream_rules(one_worker=self.complete)
        self.gathering = {type(each).__name__: each for each in self.stream_rules if isinstance(each, GatheringRule)}
        self.part.gathered.update(self.gathering)
        self.local = PartOfSample(whole=False, owned_by_another=self._owned, shares_correlation=self._shares)
        self._path: str | None = None
        self._stretch = Stretch()

    def see(self, reading: Reading) -> None:
        """Judge one line, and remember it as its task's."""
        stretch = self.stretch(reading)
        self.examine(reading, stretch)
        record = reading.record
        if record is None:
            return
        if (at := seconds(record)) is not None:
            stretch.see_time(at)
        if record.task_id is not None:
            self.kinds[id(record)] = kind_of(record)  # by identity: only as long as the record is kept
            self.histories.setdefault(record.task_id, []).append(record)

    def examine(self, reading: Reading, stretch: Stretch) -> None:
        """Judge what one line shows by itself."""
        self.lines += 1
        if reading.defects:
            self._see_defects(reading)
        record = reading.record
        if record is None:
            self.part.survey.see_unreadable(reading)
            return
        self.objects += 1
        kind = kind_of(record)
        self.part.survey.see(record, kind, stretch)
        self._check_form(record, kind)
        for rule in self.stream_rules:
            self.count(rule, rule.see(record))

    def stretch(self, reading: Reading) -> Stretch:
        """Return the stretch of the source in which a line stands."""
        if reading.place.path != self._path:
            self._path = reading.place.path
            self._stretch = self.part.survey.stretch(reading.place)
        self._stretch.lines += 1
        return self._stretch

    def close(self) -> Part:
        """Leave every task open, and return the part."""
        for task_id, records in self.histories.items():
            kinds = (self.kinds[id(record)] for record in records)
            self.part.survey.see_span(task_id, span_of(records, kinds))
            self.note_context(records)
            self.part.fragments[task_id] = [Line(record.place, record.raw) for record in records]
        self.settle()
        return self.part

    def settle(self) -> None:
        """Put the counts into the verdict, and what depends on earlier tasks where it belongs."""
        for each in self.conditional:
            self._place_conditional(each)
        self.checked.update(line_checks(self.lines, self.objects))
        for requirement, times in self.checked.items():
            self.part.verdict.checked(requirement, times)
        self.checked.clear()
        self.conditional.clear()
        self.part.verdict = self.part.verdict.sealed()
        self.part.pending = {key: verdict.sealed() for key, verdict in self.part.pending.items()}
        for rule in self.gathering.values():
            rule.seal()
        del self.local  # it refers to this court

    def count(self, rule: Rule, outcomes: Iterator[Outcome]) -> None:
        """Count what a rule says of a record."""
        for outcome in outcomes:
            if isinstance(outcome, IfBound):
                if self.wanted(outcome.finding):
                    self.conditional.append(outcome)
            else:
                self._count_one(rule.requirement, outcome)

    def note_context(self, records: Sequence[Record]) -> None:
        """Take note of the context with which a task was started, and of what it bound later."""
        known: set[tuple[str | None, ...]] = set()
        for record in records:
            started = self.kinds[id(record)] == "task-start"
            context = tuple(text_value(record, name) for name in ("tenant_id", "user_id", "correlation_id"))
            if not started and (context in known or context == (None, None, None)):
                continue
            known.add(context)
            keys = record.get("kwargs_keys") if started else None
            called = keys if isinstance(keys, list) else []
            flags = STARTED if started else 0
            flags |= CALLED_WITH_TENANT if "tenant_id" in called and context[0] else 0
            flags |= CALLED_WITH_USER if "user_id" in called and context[1] else 0
            task, tenant, user, correlation = (
                0 if text is None else self.digest(text) for text in (record.task_id, *context)
            )
            self.rows.add((task, tenant, user, correlation), record.place.offset, flags)

    def add_checked(self, checked: Mapping[str, int], times: int) -> None:
        """Count the checks that hold in each of *times* records or tasks."""
        for requirement, each in checked.items():
            self.checked[requirement] += each * times

    def find_in(self, record: Record, kind: str) -> None:
        """Take what is at fault in a record whose checks are counted already."""
        if not (kind in LIFECYCLE and record.task_id is not None):
            self._take(each for each in check_record(record)[1] if not may_be_outside(each, record))
        for rule in self.stream_rules:
            if not isinstance(rule, GatheringRule):
                self._take(outcome for outcome in rule.see(record) if isinstance(outcome, Finding))

    def _count_one(self, requirement: str, outcome: Outcome) -> None:
        if outcome is UNDECIDED:
            self.part.verdict.undecided(requirement)
            return
        self.checked[requirement] += 1
        if isinstance(outcome, Finding) and self.wanted(outcome):
            self.part.verdict.found(outcome)

    def _check_form(self, record: Record, kind: str) -> None:
        checked, findings = check_record(record)
        for requirement in checked:
            self.checked[requirement] += 1
        if kind in LIFECYCLE and record.task_id is not None:
            return  # its findings wait until the task's start says who announces the lifecycle
        self._take(each for each in findings if not may_be_outside(each, record))

    def _see_defects(self, reading: Reading) -> None:
        cut = not self.complete and any(is_cut(reading, each.requirement, each.message) for each in reading.defects)
        if cut and reading.record is None:
            self.lines -= 1  # nothing of a piece of a record was checked
        for defect in reading.defects:
            if not self.complete and is_cut(reading, defect.requirement, defect.message):
                self.part.verdict.undecided(defect.requirement)
                continue
            self._take(
                [line_finding(reading, defect.requirement, f"{defect.message} (byte {defect.offset} of the line)")]
            )

    def _take(self, findings: Iterable[Finding]) -> None:
        self.part.verdict.found_all(finding for finding in findings if self.wanted(finding))

    def fold(self, task_id: str, records: list[Record]) -> bool:
        """Count a task that no further record can change; whether it could be done."""
        try:
            history = History.of(records, self.local, self.kinds)
        except Unsettled:
            return False
        outcomes = settled_outcomes(history)
        if outcomes is None:
            return False
        for requirement, outcome in outcomes:
            self._count_one(requirement, outcome)
        self._take(held_back(history))
        self.part.survey.see_history(history)
        self.rows.folded.append(self.digest(task_id))
        return True

    def has_started(self, parent: str, correlation: str) -> bool:
        """Whether *parent* was started in this part, with this correlation."""
        rows, wanted = self.rows, self.digest(correlation)
        return any(
            rows.columns["correlation_id"][number] == wanted
            for number in rows.rows_with("task_id", {self.digest(parent)})
            if rows.flags[number] & STARTED
        )

    def _owned(self, name: str, value: str, task_id: str) -> bool:
        flag, own = CALLED_WITH_TENANT if name == "tenant_id" else CALLED_WITH_USER, self.digest(task_id)
        rows = self.rows
        for number in rows.rows_with(name, {self.digest(value)}):
            if rows.flags[number] & flag and rows.columns["task_id"][number] != own:
                return True
        raise Unsettled(name)

    def _shares(self, parent: str, correlation: str | None) -> bool | None:
        if correlation is not None and self.has_started(parent, correlation):
            return True
        raise Unsettled(parent)

    def _place_conditional(self, each: IfBound) -> None:
        """Count a finding that an earlier task of this part decides; keep it where only an earlier part can."""
        place = each.finding.place
        firsts = [self.rows.first_with(name, self.digest(value)) for name, value in each.members]
        if place is not None and any(first is not None and first < place.offset for first in firsts):
            self.checked[each.finding.requirement] += 1
            self.part.verdict.found(each.finding)
            return
        kept = self.part.pending.setdefault((self.begin, each.members), Verdict())
        kept.checked(each.finding.requirement)
        kept.found(each.finding)


def settled_outcomes(history: History) -> list[tuple[str, Outcome]] | None:
    """Return what the task rules say of a task that has ended; None where a further record could change it."""
    if not history.endings or not (history.starts or len(history.revocations) == len(history.records)):
        return None
    if history.starts and is_further(history.starts[0]):
        return None
    try:
        return list(task_outcomes(history))
    except Unsettled:
        return None


def task_outcomes(history: History) -> Iterator[tuple[str, Outcome]]:
    """Yield what every task rule says of a task, with the rule's requirement."""
    if history.records:
        for rule in task_rules():
            for outcome in rule.check(history):
                yield rule.requirement, outcome


def held_back(history: History) -> Iterator[Finding]:
    """
    Yield what the schemas find in lifecycle records; of a borrowed event, only what every record is held to.

    And of other records what holds inside an execution only, where they are inside one.
    """
    borrowed = {id(record) for record in history.borrowed}
    for record in history.records:
        if kind_of(record) not in LIFECYCLE:
            if "operation" not in record.members and history.is_inside(record):
                yield from (each for each in check_record(record)[1] if may_be_outside(each, record))
            continue
        for finding in check_record(record)[1]:
            if id(record) not in borrowed or finding.requirement.startswith(EVERY_RECORD):
                yield finding


def may_be_outside(finding: Finding, record: Record) -> bool:
    """Whether a finding holds inside an execution only: it waits until the task's records say where this one stands."""
    return finding.requirement == "EXEC001" and record.task_id is not None and "operation" not in record.members


def is_cut(reading: Reading, requirement: str, message: str) -> bool:
    """Whether a defect is the mark of where a sample was cut: in the middle of its first or its last line."""
    if requirement != "FMT001":
        return False
    return message == UNTERMINATED or (reading.place.offset == 0 and is_end_of_a_record(reading))


def line_checks(lines: int, objects: int) -> dict[str, int]:
    """Return how often the reader checked what it checks, in so many *lines*, *objects* of which were JSON objects."""
    times = {name: objects if name in _OF_OBJECTS else lines for name in LINE_REQUIREMENTS}
    return {name: number for name, number in times.items() if number}


def line_finding(reading: Reading, requirement: str, message: str) -> Finding:
    """Make a finding about a line that may not be a record."""
    record = reading.record
    return Finding(
        requirement=requirement,
        message=message,
        place=reading.place,
        task_id=record.task_id if record else None,
        fix=_LINE_FIXES.get(requirement, ""),
        logger=record.logger if record else None,
        event=record.event if record else None,
        shape=without_values(message),
        raw=reading.raw,
    )


_LINE_FIXES = {
    "FMT001": (
        "Keep a private descriptor for the log stream, `os.dup(1)`, and give everything else another way out: let "
        "`sys.stdout` write to a logger, and descriptor 1, on which Celery says goodbye, lead to `os.devnull`."
    ),
    "FMT002": "Build the record as one mapping before it is encoded.",
    "FMT009": "Write NaN and the infinities as null or as text.",
    "FMT011": "Cut the longest values, and say so in `truncated: true`.",
}
