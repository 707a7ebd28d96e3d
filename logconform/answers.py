"""What rules ask of the whole sample, answered from the rows of its parts; and tasks that were counted too early."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from logconform.findings import Verdict
from logconform.partial import (
    CALLED_WITH_TENANT,
    CALLED_WITH_USER,
    STARTED,
    Begin,
    Bound,
    Digest,
    Line,
    Part,
    Rows,
)
from logconform.records import read_line
from logconform.rules.history import is_inert
from logconform.schemas import kind_of

Reread = Callable[[Begin], Iterable[Line]]
"""Reads a part of the sample again: its records' lines."""

_TASK_ID = re.compile(rb'"task_id"\s*:\s*"([^"\\]*)"|"task_id"\s*:\s*"[^"]*\\')
"""A task's id as it is written; an empty one where it has escapes."""
_AT_ONCE = 1_000_000
"""So many finished tasks are compared at a time."""


class Answers:
    """Answers what is known, notes what is asked besides, and looks that up for the next round."""

    def __init__(self, rows: Mapping[Begin, Rows], digest: Digest) -> None:
        self._rows = rows
        self._digest = digest
        self._owners: dict[tuple[str, int], set[int]] = {}
        self._correlations: dict[int, set[int]] = {}
        self._asked_owners: set[tuple[str, int]] = set()
        self._asked_parents: set[int] = set()

    def owned_by_another(self, name: str, value: str, task_id: str) -> bool:
        """Whether another task than *task_id* was called with this tenant or user."""
        key = (name, self._digest(value))
        if key not in self._owners:
            self._asked_owners.add(key)
            return False
        return not self._owners[key] <= {self._digest(task_id)}

    def shares_correlation(self, parent: str, correlation: str | None) -> bool | None:
        """Whether *parent* was started with this correlation; None where that is not known."""
        key = self._digest(parent)
        if key not in self._correlations:
            self._asked_parents.add(key)
            return None
        known = self._correlations[key]
        if not known:
            return None
        return correlation is not None and self._digest(correlation) in known

    def look_up(self) -> bool:
        """Find the answers to what was asked; whether anything was."""
        owners = {key: set[int]() for key in self._asked_owners}
        correlations = {key: set[int]() for key in self._asked_parents}
        for rows in self._rows.values() if owners or correlations else ():
            _note_owners(rows, owners)
            for number in rows.rows_with("task_id", self._asked_parents):
                if rows.flags[number] & STARTED and (correlation := rows.columns["correlation_id"][number]):
                    correlations[rows.columns["task_id"][number]].add(correlation)
        self._owners |= owners
        self._correlations |= correlations
        self._asked_owners, self._asked_parents = set(), set()
        return bool(owners or correlations)


def _note_owners(rows: Rows, owners: dict[tuple[str, int], set[int]]) -> None:
    for name, flag in (("tenant_id", CALLED_WITH_TENANT), ("user_id", CALLED_WITH_USER)):
        wanted = {value for about, value in owners if about == name}
        for number in rows.rows_with(name, wanted) if wanted else ():
            known = owners[name, rows.columns[name][number]]
            if rows.flags[number] & flag and len(known) < 2:  # two are enough: one of them is another task
                known.add(rows.columns["task_id"][number])


def decided(
    pending: Mapping[tuple[Begin, Bound], Verdict], rows: Mapping[Begin, Rows], digest: Digest
) -> Iterator[Verdict]:
    """Yield the findings of *pending* that an earlier part's task decides."""
    wanted: dict[str, set[int]] = {}
    for _, members in pending:
        for name, value in members:
            wanted.setdefault(name, set()).add(digest(value))
    first: dict[tuple[str, int], Begin] = {}
    for begin, part in sorted(rows.items(), key=lambda item: item[0]):
        for name, values in wanted.items():
            for number in part.rows_with(name, values):
                first.setdefault((name, part.columns[name][number]), begin)
    for (begin, members), verdict in pending.items():
        if any(first.get((name, digest(value)), begin) < begin for name, value in members):
            yield verdict


def reopen(part: Part, reread: Reread, digest: Digest) -> list[list[Line]]:
    """
    Find the tasks that were counted as finished in one part although another part has records of theirs.

    Their lines are read again and added to the fragments; returned are those
    lines, a list for each time that a task was counted.
    """
    fragments = {digest(task_id): task_id for task_id in part.fragments}
    again = _counted_again(part.rows, fragments.keys())
    for task in [task for task in again & fragments.keys() if _only_mentioned(part, fragments[task], digest)]:
        del part.fragments[fragments[task]]
        if sum(rows.folded.count(task) for rows in part.rows.values()) < 2:
            again.discard(task)
    withdrawn = []
    for begin in [begin for begin, rows in part.rows.items() if again and not again.isdisjoint(rows.folded)]:
        rows, found = part.rows[begin], dict[str, list[Line]]()
        due = again.intersection(rows.folded)
        for line in reread(begin):
            if not _may_name(line.raw, due, digest):
                continue
            record = read_line(line.raw, line.place).record
            if record is not None and record.task_id is not None and digest(record.task_id) in due:
                found.setdefault(record.task_id, []).append(line)
        for task_id, lines in found.items():
            part.fragments.setdefault(task_id, []).extend(lines)
            withdrawn.append(lines)
    return withdrawn


def _may_name(raw: bytes, due: set[int], digest: Digest) -> bool:
    """Whether a line may be one of a task that is *due*: an escape can hide the id, or the name of its member."""
    ids = _TASK_ID.findall(raw)
    return b"\\u00" in raw or any(not text or digest(text.decode("utf-8", "replace")) in due for text in ids)


def _counted_again(rows: Mapping[Begin, Rows], fragments: Iterable[int]) -> set[int]:
    """Return the finished tasks that another part has records of; a bounded number of tasks is held at a time."""
    open_tasks = set(fragments)
    again: set[int] = set()
    turns = 1 + sum(len(each.folded) for each in rows.values()) // _AT_ONCE
    for turn in range(turns):
        seen: set[int] = set()
        for each in rows.values():
            tasks = each.folded if turns == 1 else [task for task in each.folded if task % turns == turn]
            again |= seen.intersection(tasks) | open_tasks.intersection(tasks)
            seen.update(tasks)
    return again


def _only_mentioned(part: Part, task_id: str, digest: Digest) -> bool:
    """Whether all that is left of a finished task is what Celery's own loggers say of it in passing."""
    task = digest(task_id)
    for rows in part.rows.values():
        for number in rows.rows_with("task_id", {task}):
            if rows.flags[number] & STARTED:
                known = {name: rows.columns[name][number] for name in ("tenant_id", "user_id", "correlation_id")}
                return all(_is_mention(line, known, digest) for line in part.fragments[task_id])
    return False


def _is_mention(line: Line, known: Mapping[str, int], digest: Digest) -> bool:
    record = read_line(line.raw, line.place).record
    if record is None or "parent_task_id" in record.members or not is_inert(record, kind_of(record), None):
        return False
    told = {name: record.members[name] for name in known if name in record.members}
    return all(isinstance(value, str) and digest(value) == known[name] for name, value in told.items())
