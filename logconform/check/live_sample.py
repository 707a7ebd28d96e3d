"""What a live judge knows of the stream around a task, as far as it has come."""

from __future__ import annotations

from dataclasses import replace

from logconform.check.live_tasks import Acquaintances, Task
from logconform.records import Reading, Record
from logconform.rules import Sample
from logconform.rules.history import ENDINGS
from logconform.rules.sample import SILENT_SECONDS, seconds
from logconform.rules.survey import Span, Stretch, Survey


class LiveSample:
    """The stream so far. Its size follows the number of its files, not of its lines."""

    def __init__(self, acquaintances: Acquaintances) -> None:
        self.survey = Survey()
        self._acquaintances = acquaintances
        self._stretches: dict[str, Stretch] = {}
        self._times: dict[str, tuple[float, float]] = {}  # by path: the log's time, and the last record's
        self._torn_at: float | None = None

    def see(self, record: Record, kind: str) -> float | None:
        """Take note of a record; return its time, in seconds since the epoch."""
        place, at = record.place, seconds(record)
        stretch = self._stretches.get(place.path)
        if stretch is None:
            stretch = self._stretches[place.path] = self.survey.stretch(place)
        stretch.lines = place.line
        self.survey.see(record, kind, stretch)
        if record.task_id is not None:
            span = Span(place.offset, place.offset, kind == "task-start", kind in ENDINGS)
            self.survey.see_span(record.task_id, span)
        if at is not None:
            stretch.see_time(at)
            time, before = self._times.get(place.path, (at, at))
            self._times[place.path] = (max(time, min(at, before)), at)  # one wrong time alone moves nothing
        return at

    def see_torn(self, reading: Reading, now: float) -> None:
        """Take note of a line that cannot be read, but may have been a record."""
        self.survey.see_unreadable(reading)
        if self.survey.torn_anywhere:
            self.survey.torn_anywhere, self._torn_at = False, now

    def since(self, path: str, at: float | None) -> float:
        """Return the seconds by which the log at *path* has gone on since *at*; 0 where that is not known."""
        time, _ = self._times.get(path, (None, None))
        return 0.0 if time is None or at is None else time - at

    def around(self, task_id: str, task: Task, now: float, patience: float) -> Sample:
        """Return the surroundings of a task; a torn line counts for those who may have written it within *patience*."""
        sample = self.survey.sample(whole=False)
        sample.owned_by_another = self._acquaintances.owned_by_another
        sample.shares_correlation = self._acquaintances.shares_correlation
        if task.cut:
            sample.torn = {task_id}
        torn_at = self._torn_at
        sample.torn_anywhere = torn_at is not None and (task.began <= torn_at or now - torn_at <= patience)
        return sample

    def without(self, task: Task, sample: Sample) -> Sample:
        """Return *sample* as if the task's file had gone on for an hour without it."""
        edge = sample.edges.get(task.path)
        if edge is None or edge.last is None or task.at is None:
            return sample
        last = max(edge.last, task.at + edge.disorder + SILENT_SECONDS + 1)
        return replace(sample, edges={**sample.edges, task.path: replace(edge, last=last)})
