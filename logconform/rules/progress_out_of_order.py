"""Progress that does not begin, does not end, or does not add up."""

from __future__ import annotations

from typing import Any

from logconform.records import Record
from logconform.rules.base import UNDECIDED, Outcomes, TaskRule
from logconform.rules.history import History, seconds


def _whole_number(record: Record, name: str) -> int | None:
    value: Any = record.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parts(history: History) -> list[list[Record]]:
    """Return the executions that report progress."""
    return [part for part in history.parts if any(record.event == "Processing progress" for record in part)]


class ProgressOutOfOrder(TaskRule):
    """Progress without a first record that says how much there is, or without a last that says how much was done."""

    requirement = "PROG001"
    fix = "Write a record with `total_records` first, and one with `total_processed` at the end."

    def check(self, history: History) -> Outcomes:
        for part in _parts(history):
            progress = [record for record in part if record.event == "Processing progress"]
            before = part[: part.index(progress[0])]
            done = any(history.kind(record) == "task-completion" for record in part)
            ended = any("total_processed" in record.members for record in part[part.index(progress[-1]) :])
            announced = any("total_records" in record.members for record in before)
            if (not announced or (done and not ended)) and self._may_be_missing(history, part, announced):
                yield UNDECIDED
            elif not announced:
                yield self.finding("no record with total_records came before", progress[0])
            elif done and not ended:
                yield self.finding("the task completed, but no record with total_processed follows", progress[-1])
            else:
                yield None

    def _may_be_missing(self, history: History, part: list[Record], announced: bool) -> bool:
        """Whether the record that is not there may have been cut off, or be on a line that cannot be read."""
        cut = not announced and history.kind(part[0]) != "task-start" and not history.sample.whole
        return cut or history.torn


class ProgressDoesNotAddUp(TaskRule):
    """Totals that change, progress that goes backwards or beyond its total, a final figure that fits neither."""

    requirement = "PROG002"
    fix = "Count once, before the loop; report what is done, not what is begun."

    def check(self, history: History) -> Outcomes:
        for part in _parts(history):
            yield self._first_fault(part)

    def _first_fault(self, part: list[Record]) -> Any:
        total: int | None = None
        processed = 0
        for record in part:
            said, done, final = (
                _whole_number(record, name) for name in ("total_records", "processed_records", "total_processed")
            )
            if said is not None and total is not None and said != total:
                return self.finding(f"total_records is {said}, and was {total} before", record)
            total = said if total is None else total
            if done is not None and done < processed:
                return self.finding(f"processed_records is {done}, and was {processed} before", record)
            if done is not None and total is not None and done > total:
                return self.finding(f"processed_records is {done} of {total}", record)
            processed = processed if done is None else done
            if final is not None and (final < processed or (total is not None and final > total)):
                return self.finding(f"total_processed is {final}, after {processed} of {total} were processed", record)
        return None


class ProgressTooRareOrOften(TaskRule):
    """Progress that leaves its reader waiting, or floods him."""

    requirement = "PROG003"
    fix = "Write progress every 1,000 items, but not more often than once a second."

    def check(self, history: History) -> Outcomes:
        for part in _parts(history):
            progress = [record for record in part if record.event == "Processing progress"]
            totals = [total for record in part if (total := _whole_number(record, "total_records")) is not None]
            first, last = seconds(part[0]), seconds(progress[-1])
            if not totals or first is None or last is None:
                continue
            by_items, by_seconds = totals[0] / 1_000, last - first
            if len(progress) > max(by_items, by_seconds) + 2:
                yield self.finding(f"{len(progress)} progress records in {by_seconds:.1f} s", progress[0])
            elif len(progress) < min(by_items, by_seconds) - 1 and not history.torn:
                yield self.finding(f"only {len(progress)} progress records for {totals[0]} items", progress[0])
            else:
                yield None
