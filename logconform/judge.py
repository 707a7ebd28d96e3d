"""Reader, schemas and rules together: the lines of a stream in, one verdict out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from logconform.findings import Finding, Verdict
from logconform.records import UNTERMINATED, Reading, Record
from logconform.rules import UNDECIDED, History, Rule, StreamRule, TaskRule, discover
from logconform.rules.history import LIFECYCLE
from logconform.rules.survey import Survey, is_end_of_a_record
from logconform.schemas import check_record, kind_of
from logconform.secrets import excerpt

LINE_REQUIREMENTS = ("FMT001", "FMT002", "FMT009", "FMT011")
"""What the reader checks on every line."""
ONE_WORKER_ONLY = {"FMT005"}
"""Requirements whose stream rules need a stream that is known to be one worker's."""
EVERY_RECORD = ("FMT", "CTX", "EXEC003", "TRACE")
"""What the schema of every kind of record checks: it holds for a record that borrows a lifecycle event too."""

Wanted = Callable[[Finding], bool]


def judge_stream(readings: Iterable[Reading], *, complete: bool = False, wanted: Wanted = lambda _: True) -> Verdict:
    """
    Judge a stream of lines.

    *complete* says that the stream is one worker's, from its first byte to its
    last; else what its edges leave open is undecided. *wanted* can keep a
    finding out of the verdict: the lab judges a probe only for what it was
    sent for.
    """
    court = _Court(complete, wanted)
    for reading in readings:
        court.see(reading)
    return court.close()


@dataclass
class _Court:
    complete: bool
    wanted: Wanted
    verdict: Verdict = field(default_factory=Verdict)
    lines: int = 0
    histories: dict[str, list[Record]] = field(default_factory=dict)
    checked: Counter[str] = field(default_factory=Counter)
    kinds: dict[int, str] = field(default_factory=dict)
    held_back: dict[int, list[Finding]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules = discover()
        self.survey = Survey()
        self.task_rules = [rule() for rule in rules if issubclass(rule, TaskRule)]
        self.stream_rules = [
            rule()
            for rule in rules
            if issubclass(rule, StreamRule) and (self.complete or rule.requirement not in ONE_WORKER_ONLY)
        ]

    def see(self, reading: Reading) -> None:
        self.lines += 1
        if reading.defects:
            self._see_defects(reading)
        record = reading.record
        if record is None:
            self.survey.see_unreadable(reading)
            return
        kind = self.kinds[id(record)] = kind_of(record)
        self.survey.see(record, kind)
        checked, findings = check_record(record)
        for requirement in checked:
            self.checked[requirement] += 1
        task_id = record.task_id
        if findings and task_id is not None and kind in LIFECYCLE:
            self.held_back[id(record)] = findings  # until its task's start says who announces the lifecycle
        else:
            self._take(findings)
        for rule in self.stream_rules:
            self._count(rule, rule.see(record))
        if task_id is None:
            del self.kinds[id(record)]  # kept by identity: only as long as the record is
        else:
            self.histories.setdefault(task_id, []).append(record)

    def close(self) -> Verdict:
        sample = self.survey.sample(self.histories, self.kinds, whole=self.complete)
        for rule in self.stream_rules:
            self._count(rule, rule.end(sample))
        for records in self.histories.values():
            history = History.of(records, sample, self.kinds)
            self._release(history)
            for task_rule in self.task_rules:
                self._count(task_rule, task_rule.check(history))
        if self.lines:
            self.checked.update(dict.fromkeys(LINE_REQUIREMENTS, self.lines))
        for requirement, times in self.checked.items():
            self.verdict.checked(requirement, times)
        return self.verdict

    def _see_defects(self, reading: Reading) -> None:
        for defect in reading.defects:
            if not self.complete and _is_cut(reading, defect.requirement, defect.message):
                self.verdict.undecided(defect.requirement)
                continue
            message = f"{defect.message} (byte {defect.offset} of the line)"
            self._take([_of_line(reading, defect.requirement, message)])

    def _release(self, history: History) -> None:
        """Take what the schemas found in lifecycle records; of a borrowed event, only what every record is held to."""
        if not self.held_back:
            return
        borrowed = {id(record) for record in history.borrowed}
        for record in history.records:
            findings = self.held_back.pop(id(record), [])
            if id(record) in borrowed:
                findings = [each for each in findings if each.requirement.startswith(EVERY_RECORD)]
            self._take(findings)

    def _count(self, rule: Rule, outcomes: Iterator[object]) -> None:
        for outcome in outcomes:
            if outcome is UNDECIDED:
                self.verdict.undecided(rule.requirement)
                continue
            self.checked[rule.requirement] += 1
            if outcome is not None and isinstance(outcome, Finding):
                self._take([outcome])

    def _take(self, findings: Iterable[Finding]) -> None:
        self.verdict.found_all(finding for finding in findings if self.wanted(finding))


def _is_cut(reading: Reading, requirement: str, message: str) -> bool:
    """Whether a defect is the mark of where a sample was cut: in the middle of its first or its last line."""
    if requirement != "FMT001":
        return False
    return message == UNTERMINATED or (reading.place.offset == 0 and is_end_of_a_record(reading))


def _of_line(reading: Reading, requirement: str, message: str) -> Finding:
    return Finding(
        requirement=requirement,
        message=message,
        place=reading.place,
        task_id=reading.record.task_id if reading.record else None,
        evidence=excerpt(reading.raw),
        fix=_LINE_FIXES.get(requirement, ""),
    )


_LINE_FIXES = {
    "FMT001": "Keep a private descriptor for the log stream, and give everything else another way out.",
    "FMT002": "Build the record as one mapping before it is encoded.",
    "FMT009": "Write NaN and the infinities as null or as text.",
    "FMT011": "Cut the longest values, and say so in `truncated: true`.",
}
