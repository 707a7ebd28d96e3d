"""One service's lines of a chunk: what is proven is counted, the exact engine does the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from logconform.court import Court, line_finding
from logconform.folding import (
    PARENT,
    Form,
    Strand,
    Told,
    durations_agree,
    elapsed,
    flags_of,
    progress_holds,
    strand_of,
    told_of,
)
from logconform.partial import Line, Part, Rows
from logconform.records import Place, Record
from logconform.rules.history import ENDINGS
from logconform.rules.sample import instant
from logconform.rules.survey import SPANS_KEPT, Span
from logconform.schemas import kind_of
from logconform.sieve import NO_TIME, Identity
from logconform.sites import Site

if TYPE_CHECKING:
    from logconform.chunk import Sitting

_ON_STDERR = "standard error carries a line that is no record"


class Bench:
    """What one service's lines of a chunk give."""

    def __init__(self, sitting: Sitting, numbers: Sequence[int], tasks: dict[str, list[int]]) -> None:
        self.sitting = sitting
        self.numbers = numbers
        self.tasks = tasks
        self.final = False
        self.court = Court(begin=sitting.chunk.begin, digest=sitting.judge.digest)

    def close(self) -> Part:
        """Judge the lines, then the tasks, and return the part."""
        self._judge_lines()
        self._survey()
        self._note_tasks()
        self._fold_tasks()
        self.court.settle()
        return self.court.part

    def close_tasks(self, *, final: bool) -> Part:
        """Judge the tasks alone, and return the part: without rows, which their chunks have."""
        self.final = final
        self._note_rows()
        self._fold_tasks()
        folded = self.court.rows.folded
        self.court.part.rows = {self.court.begin: Rows(folded=folded)}
        self.court.settle()
        return self.court.part

    def _judge_lines(self) -> None:
        sitting, court = self.sitting, self.court
        begin = sitting.chunk.begin
        stretch = self.stretch = court.part.survey.stretch(Place(sitting.chunk.path, 1, begin[1], begin[0]))
        stretch.lines = len(self.numbers)
        everything = len(self.numbers) == len(sitting.sites)
        counts = Counter(sitting.sites if everything else [sitting.sites[number] for number in self.numbers])
        unproven = counts.pop(None, 0)
        for site, times in counts.items():
            if site is not None:
                court.add_checked(site.checked, times)
        proven = len(self.numbers) - unproven
        court.lines += proven
        court.objects += proven
        if sitting.chunk.stderr:
            court.checked["FMT017"] += len(sitting.chunk.stderr.intersection(self.numbers))
        faulty = any(site is not None and site.causes for site in counts)
        odd = any(site is not None and site.worker for site in counts)
        for number in self.numbers if unproven or faulty or odd else ():
            site = sitting.sites[number]
            if site is None:
                self._examine(number)
            else:
                self._see_proven(number, site)
        mine = set() if everything else set(self.numbers)
        for requirement, signs in (("SAFE002", (b"://",)), ("SAFE003", (b"Traceback", b'"exception"', b'"locals"'))):
            lines = set[int]().union(*(sitting.lines_with(sign) for sign in signs))
            proven = sum(sitting.sites[number] is not None for number in lines if everything or number in mine)
            court.checked[requirement] += proven

    def _examine(self, number: int) -> None:
        reading = self.sitting.reading(number)
        if reading.record is None and number in self.sitting.chunk.stderr:
            self.court.part.verdict.found(line_finding(reading, "FMT017", _ON_STDERR))
        else:
            self.court.examine(reading, self.stretch)

    def _see_proven(self, number: int, site: Site) -> None:
        """Take note of what a proven line says beyond its being checked."""
        verdict, begin = self.court.part.verdict, self.sitting.chunk.begin
        if site.worker:
            record = self.sitting.reading(number).record
            if record is not None:
                self.court.part.survey.see(record, site.kind, self.stretch)
        if not site.causes:
            return
        offset = self.sitting.offsets[number]
        if all(verdict.has_earlier(cause, begin[0], offset) for cause in site.causes):
            for cause in site.causes:
                verdict.found_more(cause)
        else:
            record = self.sitting.reading(number).record
            if record is not None:
                self.court.find_in(record, site.kind)

    def _survey(self) -> None:
        sitting = self.sitting
        if len(self.numbers) == len(sitting.lines) and None not in sitting.stamps:
            stamps = sitting.stamps
        else:
            stamps = [stamp for number in self.numbers if (stamp := self._stamp(number)) is not None]
        if NO_TIME in stamps:
            stamps = [stamp for stamp in stamps if stamp != NO_TIME]
        self.stretch.see_times(stamps)
        if self.tasks:
            self.stretch.see_task(sitting.offsets[min(numbers[0] for numbers in self.tasks.values())])
            self.stretch.see_task(sitting.offsets[max(numbers[-1] for numbers in self.tasks.values())])

    def _stamp(self, number: int) -> str | None:
        stamp: str | None = self.sitting.stamps[number]
        if stamp is not None:
            return stamp
        record = self.sitting.reading(number).record
        written = record.timestamp if record is not None else None
        return written if written is not None and instant(written) is not None else None

    def _kind(self, number: int) -> str:
        site = self.sitting.sites[number]
        if site is not None:
            return site.kind
        record = self.sitting.reading(number).record
        return kind_of(record) if record is not None else ""

    def _note_tasks(self) -> None:
        survey, offsets = self.court.part.survey, self.sitting.offsets
        if len(self.tasks) > SPANS_KEPT:
            survey.spans = None
        for task_id, numbers in self.tasks.items() if survey.spans is not None else ():
            first, last = numbers[0], numbers[-1]
            opens, closes = self._kind(first) == "task-start", self._kind(last) in ENDINGS
            survey.see_span(task_id, Span(offsets[first], offsets[last], opens, closes))
        self._note_rows()

    def _note_rows(self) -> None:
        """Take note of the context of each task: one row for a task of one context, else the exact engine's."""
        sitting = self.sitting
        self.strands: dict[str, Strand] = {}
        self.started: dict[str, str] = {}
        starts: list[tuple[str, Identity, int, int]] = []
        all_sites, all_identities, all_stamps = sitting.sites, sitting.identities, sitting.stamps
        for task_id, numbers in self.tasks.items():
            get = itemgetter(*numbers) if len(numbers) > 1 else partial(_only, numbers[0])
            sites = get(all_sites)
            strand = None if None in sites else strand_of(numbers, sites, get(all_identities), get(all_stamps))
            if strand is None:
                self._note_exactly(numbers)
                continue
            self.strands[task_id] = strand
            if strand.sites[0].kind != "task-start":
                self._note_exactly(numbers)
                continue
            first = strand.first
            starts.append((task_id, first, sitting.offsets[strand.numbers[0]], flags_of(strand.sites[0], first)))
            if strand.identities is not None:
                starts += self._bound_later(task_id, strand)
            if first[2] is not UNSET:
                self.started[task_id] = first[2]
        self.court.rows.extend(starts, self.court.digest)

    def _bound_later(self, task_id: str, strand: Strand) -> Iterator[tuple[str, Identity, int, int]]:
        """Yield a row for each context that a task's later records have."""
        known = {strand.first[:3], (UNSET, UNSET, UNSET)}
        for number, whose in zip(strand.numbers, strand.identities or (), strict=True):
            if whose[:3] not in known:
                known.add(whose[:3])
                yield (task_id, whose, self.sitting.offsets[number], 0)

    def records(self, numbers: Sequence[int]) -> list[Record]:
        """Return the records of lines."""
        readings = [self.sitting.reading(number) for number in numbers]
        return [reading.record for reading in readings if reading.record is not None]

    def _note_exactly(self, numbers: list[int]) -> None:
        records = self.records(numbers)
        self.court.kinds.update({id(record): kind_of(record) for record in records})
        self.court.note_context(records)

    def _fold_tasks(self) -> None:
        sitting, court = self.sitting, self.court
        self.forms: Counter[Form] = Counter()
        self.bodies: list[Any] = []
        self.finished: Counter[str] = Counter()
        folded: list[str] = []
        for task_id, numbers in self.tasks.items():
            settled = sitting.judge.fold and (self.final or not self._may_come_back(task_id, numbers))
            if settled and self._fold_sieved(task_id):
                folded.append(task_id)
            elif not (settled and self._fold_exactly(task_id, numbers)):
                court.part.fragments[task_id] = [Line(sitting.place(number), sitting.raw(number)) for number in numbers]
        court.rows.folded.extend(map(court.digest, folded))
        court.part.survey.finished += self.finished
        for form, times in self.forms.items():
            self._count(form, times)
        for key, times in Counter(self.bodies).items():
            court.add_checked(sitting.judge.forms.added(key), times)

    def _may_come_back(self, task_id: str, numbers: list[int]) -> bool:
        """Whether a task ended as one that was rejected does: its message may be on its way again."""
        strand = self.strands.get(task_id)
        if strand is not None:
            return strand.sites[-1].kind == "task-ended"
        return any(self._kind(number) == "task-ended" for number in numbers)

    def _fold_exactly(self, task_id: str, numbers: list[int]) -> bool:
        strand = self.strands.get(task_id)
        if strand is not None and (strand.sites[0].further or not any(map(_ends, strand.sites))):
            return False  # as the exact engine would say, after a longer look
        records = self.records(numbers)
        self.court.kinds.update({id(record): kind_of(record) for record in records})
        return self.court.fold(task_id, records)

    def _fold_sieved(self, task_id: str) -> bool:
        """Count a task by its form; whether it could be done."""
        strand = self.strands.get(task_id)
        if strand is None or not self._has_known_parent(task_id, strand):
            return False
        bodies: list[Any] = []
        found = self.sitting.judge.forms.form_of(strand, bodies, partial(self._told, strand))
        if found is None:
            return False
        form, skeleton = found
        if not durations_agree(form, strand, skeleton, self.sitting.sieved) or not self._is_counted(form, strand):
            return False
        self.forms[form] += 1
        if strand.stamps[0] != NO_TIME:
            for _, _, name in form.executions:
                self.finished[name] += 1
        self.bodies += bodies
        self._see_executions(form, strand, skeleton)
        return True

    def _has_known_parent(self, task_id: str, strand: Strand) -> bool:
        """Whether a task has no parent, or one that was started in this chunk with the same correlation."""
        if strand.identity[PARENT] is UNSET:
            return True
        parent, correlation = strand.first[PARENT], strand.first[2]
        if strand.identity[PARENT] == task_id:
            return False
        return parent is UNSET or (correlation is not UNSET and self.started.get(parent) == correlation)

    def _told(self, strand: Strand, positions: list[int]) -> Told | None:
        records = [replace(record) for record in self.records([strand.numbers[at] for at in positions])]
        return told_of(records, self.court)

    def _is_counted(self, form: Form, strand: Strand) -> bool:
        """Whether a task of a form need only be counted: its faults are known from enough earlier places."""
        if form.progress and not progress_holds(self.records(strand.numbers), self.court):
            return False
        if not form.causes:
            return True
        place = self.sitting.place(strand.numbers[0])
        verdict = self.court.part.verdict
        if not all(verdict.has_earlier(cause, place.source, place.offset) for cause in form.causes):
            return False
        for cause in form.causes:
            verdict.found_more(cause)
        return True

    def _see_executions(self, form: Form, strand: Strand, skeleton: Sequence[int]) -> None:
        survey, stamps = self.court.part.survey, strand.stamps
        if stamps[0] == NO_TIME:
            return
        for begin, end, _ in form.executions:
            first, last = skeleton[begin], skeleton[end]
            took = elapsed(stamps[first], stamps[last])
            survey.longest = max(survey.longest, took)
            if took > survey.longest_silence:
                silence = max(elapsed(before, after) for before, after in pairwise(stamps[first : last + 1]))
                survey.longest_silence = max(survey.longest_silence, silence)

    def _count(self, form: Form, times: int) -> None:
        court, survey = self.court, self.court.part.survey
        court.add_checked(form.checked, times)
        for requirement, each in form.undecided.items():
            court.part.verdict.undecided(requirement, each * times)
        survey.retries_shown = survey.retries_shown or form.shown
        survey.retries_hidden = survey.retries_hidden or form.hidden


def _only(number: int, column: Sequence[Any]) -> tuple[Any]:
    return (column[number],)


def _ends(site: Site) -> bool:
    return site.kind in ENDINGS
