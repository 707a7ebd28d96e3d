"""
From partial verdicts to verdicts: what the whole sample decides.

`judge_stream` takes the lines of a stream at once; `conclude` takes the sum of
its parts. Either gives the same verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from logconform.answers import Answers, Reread, decided, reopen
from logconform.court import Court, Wanted, held_back, task_outcomes
from logconform.findings import Finding, Verdict
from logconform.partial import Begin, Digest, Line, Numbering, Part, Partial, in_order, stable_digest
from logconform.records import Reading, Record, read_line
from logconform.rules import UNDECIDED, GatheringRule, History, Sample
from logconform.rules.gaps import is_selection
from logconform.rules.resent import is_resent
from logconform.rules.sample import seconds
from logconform.schemas import kind_of

_ROUNDS = 4
"""An answer can raise a further question, but not without end."""


def judge_stream(readings: Iterable[Reading], *, complete: bool = False, wanted: Wanted = lambda _: True) -> Verdict:
    """
    Judge a stream of lines.

    *complete* says that the stream is one worker's, from its first byte to its
    last; else what its edges leave open is undecided. *wanted* can keep a
    finding out of the verdict: the lab judges a probe only for what it was
    sent for.
    """
    court = Court(complete=complete, wanted=wanted)
    for reading in readings:
        court.see(reading)
    return conclude_part(court.close(), complete=complete, wanted=wanted)


def conclude(
    partial: Partial, *, reread: Reread, digest: Digest = stable_digest
) -> tuple[dict[str | None, Verdict], int]:
    """
    Return the verdict on each service of a sample, None where no record names one; and the number of tasks.

    *digest* is the one that the parts were made with.
    """
    numbering = Numbering(partial.physical)
    parts = assigned(partial.parts)
    verdicts = {}
    for service, part in parts.items():
        again = reread if len(parts) < 2 else of_service(reread, service)
        verdicts[service] = Conclusion(part, again, digest, numbering).verdict()
    return verdicts, sum(part.tasks for part in parts.values())


def of_service(reread: Reread, service: str | None) -> Reread:
    """Return *reread* for the lines of one service, and those that name none."""

    def own(begin: Begin) -> Iterator[Line]:
        for line in reread(begin):
            record = read_line(line.raw, line.place).record
            if record is None or (record.text("service") or service) == service:
                yield line

    return own


def conclude_part(part: Part, *, complete: bool = False, wanted: Wanted = lambda _: True) -> Verdict:
    """Return the verdict on a part that is all there is."""
    return Conclusion(part, complete=complete, wanted=wanted).verdict()


def assigned(parts: Mapping[str | None, Part]) -> dict[str | None, Part]:
    """
    Return the parts with what names no service put where it belongs.

    All of it where there is one service, else the records of tasks that another record gives a service. A line that
    cannot be read names no service either: any of them may miss it.
    """
    named = [service for service in parts if service is not None]
    stray = parts.get(None)
    if stray is not None and len(named) == 1:
        whole = Part()
        whole += parts[named[0]]
        whole += stray
        return {named[0]: whole}
    stray = stray or Part()
    for part in map(parts.__getitem__, named):
        for task_id in stray.fragments.keys() & part.fragments.keys():
            part.fragments[task_id].extend(stray.fragments.pop(task_id))
    torn = set().union(*(part.survey.torn for part in parts.values()))
    anywhere = any(part.survey.torn_anywhere for part in parts.values())
    for part in parts.values():
        part.survey.torn, part.survey.torn_anywhere = torn, anywhere
    return dict(parts)


Source = tuple[int, str]
"""A source: its number, its path."""
LINES_THAT_SHOW = 3
"""So many lines of a task, each earlier than the one above it, are no record that was written late."""


def newest_first(tasks: Iterable[Sequence[Record]]) -> set[Source]:
    """
    Return the sources that have their newest line first, as log stores answer queries.

    Of most of their tasks the start is the last line, and each time lies before the one above it. Two lines may also
    be of a start that was written late.
    """
    forward: Counter[Source] = Counter()
    backward: Counter[Source] = Counter()
    for records in tasks:
        for source, of_one in by_source(records).items():
            times = [at for record in of_one if (at := seconds(record)) is not None]
            falls = len(times) >= LINES_THAT_SHOW and times[-1] < times[0] and times == sorted(times, reverse=True)
            backward[source] += falls and kind_of(of_one[-1]) == "task-start"
            forward[source] += kind_of(of_one[0]) == "task-start"
    return {source for source, times in backward.items() if times > 9 * forward[source]}


def by_source(records: Iterable[Record]) -> dict[Source, list[Record]]:
    """Return records by the source that they are of."""
    sources: dict[Source, list[Record]] = {}
    for record in records:
        sources.setdefault((record.place.source, record.place.path), []).append(record)
    return sources


def in_time(records: list[Record], backward: Container[Source] = ()) -> list[Record]:
    """
    Return a task's records in the order in which they were written.

    That is their order, where they are of one source, or its reverse where that
    is one of *backward*; those of several are merged by their timestamps.
    """
    sources = {source: of_one[::-1] if source in backward else of_one for source, of_one in by_source(records).items()}
    if len(sources) < 2:
        return next(iter(sources.values()), records)
    timed = []
    for number, of_one in enumerate(sources.values()):
        latest = 0.0
        for at, record in enumerate(of_one):
            latest = max(latest, seconds(record) or 0.0)
            timed.append((latest, number, at, record))
    return [record for *_, record in sorted(timed, key=lambda item: item[:3])]


@dataclass
class Conclusion:
    """Decides what the parts of a sample left open."""

    part: Part
    reread: Reread = lambda _: ()
    digest: Digest = stable_digest
    numbering: Numbering | None = None
    complete: bool = False
    wanted: Wanted = lambda _: True
    backward: Container[Source] = ()
    resent: bool = False

    def verdict(self) -> Verdict:
        """Return the verdict on the whole."""
        part = self.part
        total = self._numbered(part.verdict)
        withdrawn = reopen(part, self.reread, self.digest)
        part.tasks = sum(len(rows.folded) for rows in part.rows.values()) + len(part.fragments) - len(withdrawn)
        if not self.complete and not part.survey.finished:
            self.backward = newest_first(self._records(lines) for lines in part.fragments.values())
        tasks = [in_time(self._records(lines), self.backward) for lines in part.fragments.values()]
        self.resent = not self.complete and any(map(is_resent, tasks))
        histories = [history for records in tasks if (history := self._history(records)).records]
        for history in histories:
            part.survey.see_history(history)
        sample, answers = part.survey.sample(whole=self.complete), Answers(part.rows, self.digest)
        sample.resent = self.resent
        sample.torn_anywhere = sample.torn_anywhere or (not self.complete and is_selection(histories, sample))
        sample.owned_by_another, sample.shares_correlation = answers.owned_by_another, answers.shares_correlation
        total = total.without(self._judged([in_time(self._records(lines)) for lines in withdrawn], sample, answers))
        total += self._judged([history.records for history in histories], sample, answers)
        for verdict in decided(part.pending, part.rows, self.digest):
            total += self._numbered(verdict)
        for rule in part.gathered.values():
            total += self._numbered(self._gathered(rule))
        return total.sealed()

    def _history(self, records: list[Record]) -> History:
        return History.of(records, Sample(whole=self.complete, resent=self.resent))

    def _records(self, lines: list[Line]) -> list[Record]:
        return [record for line in in_order(lines) if (record := self._record(line)) is not None]

    def _record(self, line: Line) -> Record | None:
        place = line.place if self.numbering is None else self.numbering.place(line.place)
        return read_line(line.raw, place).record

    def _judged(self, tasks: list[list[Record]], sample: Sample, answers: Answers) -> Verdict:
        """Judge tasks, and again while their rules ask what was not asked before."""
        verdict = Verdict()
        for _ in range(_ROUNDS):
            verdict = Verdict()
            for records in tasks:
                self._judge(History.of(records, sample), verdict)
            if not answers.look_up():
                break
        return verdict.sealed()

    def _judge(self, history: History, verdict: Verdict) -> None:
        for requirement, outcome in task_outcomes(history):
            if outcome is UNDECIDED:
                verdict.undecided(requirement)
                continue
            verdict.checked(requirement)
            if isinstance(outcome, Finding) and self.wanted(outcome):
                verdict.found(outcome)
        verdict.found_all(each for each in held_back(history) if self.wanted(each))

    def _gathered(self, rule: GatheringRule) -> Verdict:
        verdict = Verdict()
        for outcome in rule.end():
            if isinstance(outcome, Finding) and self.wanted(outcome):
                verdict.checked(rule.requirement)
                verdict.found(outcome)
        return verdict

    def _numbered(self, verdict: Verdict) -> Verdict:
        """Return *verdict* with lines counted from the beginning of their source."""
        return verdict if self.numbering is None else verdict.moved(self.numbering.place)
