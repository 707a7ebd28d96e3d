"""Reader, schemas and rules together: the lines of a stream in, one verdict out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from logconform.findings import Finding, Verdict
from logconform.records import Reading, Record
from logconform.rules import UNDECIDED, History, Rule, Sample, StreamRule, TaskRule, discover
from logconform.rules.history import ENDINGS, seconds
from logconform.schemas import check_record, kind_of
from logconform.secrets import excerpt

LINE_REQUIREMENTS = ("FMT001", "FMT002", "FMT009", "FMT011")
"""What the reader checks on every line."""
ONE_WORKER_ONLY = {"FMT005"}
"""Requirements whose stream rules need a stream that is known to be one worker's."""

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
    histories: dict[str, list[Record]] = field(default_factory=dict)
    first: Record | None = None
    last: Record | None = None

    def __post_init__(self) -> None:
        rules = discover()
        self.stream_rules = [rule() for rule in rules if issubclass(rule, StreamRule)]
        self.task_rules = [rule() for rule in rules if issubclass(rule, TaskRule)]

    def see(self, reading: Reading) -> None:
        self._see_line(reading)
        record = reading.record
        if record is None:
            return
        self.first = self.first or record
        self.last = record
        checked, findings = check_record(record)
        for requirement in checked:
            self.verdict.checked(requirement)
        self._take(findings)
        for rule in self.stream_rules:
            if self.complete or rule.requirement not in ONE_WORKER_ONLY or not isinstance(rule, StreamRule):
                self._count(rule, rule.see(record))
        if record.task_id is not None:
            self.histories.setdefault(record.task_id, []).append(record)

    def close(self) -> Verdict:
        sample = self._sample()
        for rule in self.stream_rules:
            self._count(rule, rule.end(sample))
        for records in self.histories.values():
            history = History.of(records, sample)
            for task_rule in self.task_rules:
                self._count(task_rule, task_rule.check(history))
        return self.verdict

    def _see_line(self, reading: Reading) -> None:
        for requirement in LINE_REQUIREMENTS:
            self.verdict.checked(requirement)
        for defect in reading.defects:
            if reading.unterminated and not self.complete:
                self.verdict.undecided(defect.requirement)  # the sample may end in the middle of a line
                continue
            self._take([_of_line(reading, defect.requirement, f"{defect.message} (byte {defect.offset} of the line)")])

    def _count(self, rule: Rule, outcomes: Iterator[object]) -> None:
        for outcome in outcomes:
            if outcome is UNDECIDED:
                self.verdict.undecided(rule.requirement)
                continue
            self.verdict.checked(rule.requirement)
            if isinstance(outcome, Finding):
                self._take([outcome])

    def _take(self, findings: Iterable[Finding]) -> None:
        self.verdict.found_all(finding for finding in findings if self.wanted(finding))

    def _sample(self) -> Sample:
        if self.first is None or self.last is None:
            return Sample(whole=self.complete)
        return Sample(
            whole=self.complete,
            first=seconds(self.first),
            last=seconds(self.last),
            serial=self._serial(),
            last_offset=self.last.place.offset,
            owners=self._owners(),
        )

    def _serial(self) -> tuple[int, ...]:
        """Return where each whole task begins, if no two tasks overlap in the stream; else nothing."""
        spans = sorted(
            (records[0].place.offset, records[-1].place.offset, kind_of(records[0]), kind_of(records[-1]))
            for records in self.histories.values()
        )
        if any(before[1] >= after[0] for before, after in pairwise(spans)):
            return ()
        return tuple(first for first, _, opens, closes in spans if opens == "task-start" and closes in ENDINGS)

    def _owners(self) -> dict[tuple[str, str], set[str]]:
        """Return which tasks were started for which tenants and users, by their keyword arguments."""
        owners: dict[tuple[str, str], set[str]] = {}
        for task_id, records in self.histories.items():
            for record in records:
                keys = record.get("kwargs_keys")
                for name in ("tenant_id", "user_id"):
                    if isinstance(keys, list) and name in keys and name in record.members:
                        owners.setdefault((name, str(record.get(name))), set()).add(task_id)
        return owners


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
