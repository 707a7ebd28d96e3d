"""
Where the partial verdicts of a sample are added up, in memory that does not grow with it.

What only the end asks for (who was started with which context, and which
tasks were counted) goes to a temporary file; records of tasks that were
finished across parts are handed back to be counted, once there are enough.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field

from logconform.answers import Reread
from logconform.chunk import Judge
from logconform.findings import Verdict
from logconform.judge import conclude
from logconform.partial import Begin, Digest, Line, Partial, Rows, in_order

ENOUGH_BYTES = 6_000_000
"""Bytes of open tasks' records that come together before the finished ones among them are counted."""
BUNDLED = -1
"""Source number of bundles: records of tasks that were counted together, from several parts."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Records of finished tasks, by service. *last*: the sample has no others of these tasks."""

    begin: Begin
    lines: dict[str | None, list[Line]]
    last: bool


class Spool:
    """Objects in a temporary file, which is gone with the process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="logconform-")  # noqa: SIM115  # closed with the process, or by close
        self._end = 0

    def put(self, value: object) -> tuple[int, int]:
        """Store *value*, and return where."""
        data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        self._file.seek(self._end)
        self._file.write(data)
        where = (self._end, len(data))
        self._end += len(data)
        return where

    def get(self, where: tuple[int, int]) -> object:
        """Return what is stored there."""
        self._file.seek(where[0])
        return pickle.loads(self._file.read(where[1]))

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()


class SpooledRows(MutableMapping[Begin, Rows]):
    """The rows of every part, on disk; one part's are in memory at a time."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._where: dict[Begin, tuple[int, int]] = {}

    def __setitem__(self, begin: Begin, rows: Rows) -> None:
        self._where[begin] = self._spool.put(rows)

    def __getitem__(self, begin: Begin) -> Rows:
        rows = self._spool.get(self._where[begin])
        assert isinstance(rows, Rows)
        return rows

    def __delitem__(self, begin: Begin) -> None:
        del self._where[begin]

    def __iter__(self) -> Iterator[Begin]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


@dataclass(slots=True)
class Ledger:
    """Adds up partial verdicts. *reread* reads a part's lines again, as `judge.conclude` needs it."""

    digest: Digest
    reread: Reread
    total: Partial = field(default_factory=Partial)
    _spool: Spool = field(default_factory=Spool)
    _rows: dict[str | None, SpooledRows] = field(default_factory=dict)
    _bundles: dict[Begin, tuple[int, int]] = field(default_factory=dict)
    tasks: int = 0
    _tried: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)
    _open_bytes: int = 0
    _look_at: int = ENOUGH_BYTES

    def add(self, partial: Partial) -> None:
        """Add one part's verdict."""
        for service, part in partial.parts.items():
            rows = self._rows.setdefault(service, SpooledRows(self._spool))
            rows.update(part.rows)
            part.rows = {}
            self._open_bytes += sum(len(line.raw) for lines in part.fragments.values() for line in lines)
        self.total += partial

    def bundle(self, *, last: bool = False) -> Bundle | None:
        """Take out the records of finished tasks, to be counted by `judge_bundle`, if there are enough of them."""
        if not last and self._open_bytes < self._look_at:
            return None
        taken: dict[str | None, list[Line]] = {}
        self._open_bytes = 0
        for service, part in self.total.parts.items():
            for task_id, lines in list(part.fragments.items()):
                if (last or task_id not in self._tried) and task_id not in self._done and _is_finished(lines):
                    (self._done if last else self._tried).add(task_id)  # what comes back is left to the end
                    taken.setdefault(service, []).extend(part.fragments.pop(task_id))
                else:
                    self._open_bytes += sum(len(line.raw) for line in lines)
        self._look_at = self._open_bytes + ENOUGH_BYTES
        if not taken:
            return None
        begin = (BUNDLED, len(self._bundles))
        self._bundles[begin] = self._spool.put(taken)
        return Bundle(begin, taken, last)

    def verdicts(self) -> dict[str | None, Verdict]:
        """Return the verdict on each service of the sample."""
        for service, rows in self._rows.items():
            self.total.parts[service].rows = rows
        verdicts, self.tasks = conclude(self.total, reread=self._lines, digest=self.digest)
        return verdicts

    def close(self) -> None:
        """Give back what it holds on disk."""
        self._spool.close()

    def _lines(self, begin: Begin) -> Iterable[Line]:
        if begin in self._bundles:
            bundle = self._spool.get(self._bundles[begin])
            assert isinstance(bundle, dict)
            return [line for lines in bundle.values() for line in lines]
        return self.reread(begin)


def judge_bundle(bundle: Bundle, judge: Judge) -> Partial:
    """Count the finished tasks of a bundle; what cannot be counted comes back as it was."""
    total = Partial()
    for service, lines in bundle.lines.items():
        total.parts[service] = judge.judge_tasks(in_order(lines), bundle.begin, final=bundle.last)
    return total


def _is_finished(lines: list[Line]) -> bool:
    """Whether a task's records, so far, have a start and an ending, and are all of one source."""
    if len({line.place.source for line in lines}) > 1:
        return False  # their order is that of their times, which the end looks at
    raws = [line.raw for line in lines]
    if not any(b'"Task starting"' in raw for raw in raws):
        return False
    for raw in raws:
        if b'"Task completed"' in raw or b'"Task failed"' in raw or b'"Task revoked"' in raw or b'"Task ended"' in raw:
            return True
    return False
