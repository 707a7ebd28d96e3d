"""
Judging a stream while it is being written.

A line's form is judged at once; a task when it has ended and a moment has
passed, or when it was silent for too long. Its records are then let go, so
that memory follows the tasks in flight, however long the stream is followed.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque

from logconform.check.live_counts import Counts
from logconform.check.live_sample import LiveSample
from logconform.check.live_tasks import Acquaintances, Ended, Ending, Task
from logconform.court import held_back, may_be_outside, task_outcomes
from logconform.findings import Finding, Verdict
from logconform.records import Reading, Record
from logconform.rules import History, Sample
from logconform.rules.history import ENDINGS, LIFECYCLE, is_inert
from logconform.schemas import check_record, kind_of

TASK_TIMEOUT = 3_600.0
"""Seconds of silence after which a task that has not ended is given up."""
SETTLED_SECONDS, SETTLED_LINES, SETTLED_HEARD = 2.0, 1_000, 5.0
"""So long after its ending, by the log, by the lines that followed, or by the clock, a task is judged."""
HELD_BYTES = 20_000_000
"""Lines of tasks in flight, all together; beyond, the task that was silent for longest is let go, undecided."""

_EDGELESS = Sample(whole=False)  # enough to sort a task's records
_SCAN_SECONDS = 1.0  # how often silences are looked for
_GATHER_SECONDS = 5.0  # how often rules over many records are asked


class LiveJudge:
    """
    Judges the lines of one service as they come.

    `see` and `tick` return what was found, each finding once; `close` returns
    the verdict on all of it, the same that `judge_stream` gives on a stream in
    which nothing speaks of a task long after its ending. Times are of one
    monotonic clock, in seconds, and come from `tick`.
    """

    def __init__(self, task_timeout: float = TASK_TIMEOUT) -> None:
        self._task_timeout = task_timeout
        self._now = self._scanned = self._gathered = 0.0
        self._acquaintances = Acquaintances()
        self._counts = Counts(self._acquaintances)
        self._sample = LiveSample(self._acquaintances)
        self._tasks: OrderedDict[str, Task] = OrderedDict()  # the one that was silent for longest comes first
        self._held = 0
        self._endings: deque[Ending] = deque()
        self._ended = Ended()

    @property
    def in_flight(self) -> int:
        """Number of tasks whose records are held."""
        return len(self._tasks)

    def knows(self, task_id: str) -> bool:
        """Whether a task is in flight here, or was."""
        return task_id in self._tasks or task_id in self._ended

    def remember(self, reading: Reading) -> None:
        """Take note of a line from before the time that is judged: who is running, and for whom."""
        if reading.record is None:
            self.note_torn(reading)
        else:
            self._note(reading.record, kind_of(reading.record))

    def begin(self) -> None:
        """End what is only remembered: of tasks that ended before, nothing is said; of others, only what follows."""
        for ending in self._endings:
            task = self._tasks.get(ending.task_id)
            if task is not None and task.ending is ending:
                self._let_go(ending.task_id, task.history(_EDGELESS))
        self._endings.clear()
        for task in self._tasks.values():
            task.told = len(task.records)

    def see(self, reading: Reading) -> list[Finding]:
        """Judge one line, and the tasks that it settles."""
        self._counts.lines += 1
        found = self._counts.defects(reading) if reading.defects else []
        record = reading.record
        if record is None:
            self.note_torn(reading)
            return found + self._settled()
        self._counts.objects += 1
        kind = kind_of(record)
        checked, faults = check_record(record)
        self._counts.checked(checked)
        if record.task_id is None or kind not in LIFECYCLE:  # else the task's start says who announces the lifecycle
            found += self._counts.found(each for each in faults if not may_be_outside(each, record))
        found += self._counts.record(record)
        self._note(record, kind)
        return found + self._settled()

    def note_torn(self, reading: Reading) -> None:
        """Take note of a line that cannot be read, but may have been a record."""
        self._sample.see_torn(reading, self._now)

    def tick(self, now: float) -> list[Finding]:
        """Judge what the time that has passed settles: tasks that ended, tasks that are silent for too long."""
        self._now = now
        found = self._settled()
        if now - self._scanned >= _SCAN_SECONDS:
            self._scanned = now
            for task_id, task in [item for item in self._tasks.items() if self._is_silent(item[1])]:
                found += self._judge(task_id, self._sample.without(task, self._around(task_id)))
        if now - self._gathered >= _GATHER_SECONDS:
            self._gathered = now
            found += self._counts.gather()
        return found

    def close(self) -> Verdict:
        """Judge what is left as the end of a sample, and return the verdict."""
        for task in self._tasks.values():
            self._survey(task, task.history(_EDGELESS))
        for task_id in list(self._tasks):
            self._judge(task_id, self._around(task_id))
        self._counts.gather()
        return self._counts.verdict()

    def _note(self, record: Record, kind: str) -> None:
        at = self._sample.see(record, kind)
        if record.task_id is not None:
            self._hear(record.task_id, record, kind, at)

    def _hear(self, task_id: str, record: Record, kind: str, at: float | None) -> None:
        """Keep a task's record until the task is judged."""
        task, late = self._tasks.get(task_id), False
        if task is None:
            late = task_id in self._ended
            if late and is_inert(record, kind, None):
                return
            task = self._tasks[task_id] = self._ended.reopen(task_id)
            task.began = self._now
            self._held += task.size
        self._tasks.move_to_end(task_id)
        self._acquaintances.see(record, kind)
        self._held += task.add(record, kind)
        task.heard, task.at, task.path = self._now, at, record.place.path
        if kind == "task-start":
            task.ending = None
        elif task.ending is None and (late or kind in ENDINGS):
            task.ending = Ending(task_id, task.path, self._counts.lines, at, self._now)
            self._endings.append(task.ending)

    def _settled(self) -> list[Finding]:
        """Judge the tasks that ended some time ago, and let go of the longest silent ones where there are too many."""
        found: list[Finding] = []
        while self._endings and self._is_settled(self._endings[0]):
            ending = self._endings.popleft()
            task = self._tasks.get(ending.task_id)
            if task is None or task.ending is not ending:
                continue
            task.ending = None
            if task.history(_EDGELESS).endings:  # a body may have borrowed the event
                found += self._judge(ending.task_id, self._around(ending.task_id))
        while self._held > HELD_BYTES and len(self._tasks) > 1:
            oldest = next(iter(self._tasks))
            found += self._judge(oldest, self._around(oldest))
        return found

    def _is_settled(self, ending: Ending) -> bool:
        if self._counts.lines - ending.line >= SETTLED_LINES or self._now - ending.heard >= SETTLED_HEARD:
            return True
        return self._sample.since(ending.path, ending.at) >= SETTLED_SECONDS

    def _is_silent(self, task: Task) -> bool:
        """Whether a task that has not ended is silent for too long, by the log or by the clock."""
        silence = max(self._sample.since(task.path, task.at), self._now - task.heard)
        return task.ending is None and silence > self._task_timeout

    def _around(self, task_id: str) -> Sample:
        return self._sample.around(task_id, self._tasks[task_id], self._now, self._task_timeout)

    def _judge(self, task_id: str, sample: Sample) -> list[Finding]:
        """Judge a task, less what was judged of it before, and let its records go."""
        task = self._tasks[task_id]
        history = task.history(sample)
        self._survey(task, history)
        before = Counter(task_outcomes(task.history(sample, task.judged)))
        found: list[Finding] = []
        for requirement, outcome in task_outcomes(history):
            if before[requirement, outcome] > 0:
                before[requirement, outcome] -= 1
            else:
                found += self._counts.outcome(requirement, outcome)
        told = {record.place for record in task.records[: task.told]}
        found += self._counts.found(each for each in held_back(history) if each.place not in told)
        self._let_go(task_id, history)
        return found

    def _survey(self, task: Task, history: History) -> None:
        """Take note of how long a task took, once."""
        if not task.surveyed:
            task.surveyed = True
            self._sample.survey.see_history(history)

    def _let_go(self, task_id: str, history: History) -> None:
        self._held -= self._tasks.pop(task_id).size
        self._ended.keep(task_id, history)
