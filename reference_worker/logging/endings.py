"""What a pool child had on record when it was lost: memory that it shares with the worker's main process.

A child may be killed after its task has ended and before it has told its
parent. Celery then reports the task as failed, a second time or although it
had succeeded; only the child knew better. Children that are spawned, not
forked, share nothing.
"""

from __future__ import annotations

import mmap
import struct

CELLS = 65_536
"""So many tasks can be told apart, roughly; Celery misses a lost child within seconds."""

_CELL = struct.Struct("q")
_ended = mmap.mmap(-1, CELLS * _CELL.size)


def note_start(task_id: str) -> None:
    """Forget that an earlier execution of the task has ended."""
    _CELL.pack_into(_ended, _place(task_id), 0)


def note_end(task_id: str) -> None:
    """Leave word that the task's ending is on record."""
    _CELL.pack_into(_ended, _place(task_id), hash(task_id))


def has_ended(task_id: str) -> bool:
    """Whether the last process that ran the task left word of its ending.

    >>> note_end("t-1"), has_ended("t-1"), note_start("t-1"), has_ended("t-1")
    (None, True, None, False)
    """
    (left,) = _CELL.unpack_from(_ended, _place(task_id))
    return bool(left == hash(task_id))


def _place(task_id: str) -> int:
    return hash(task_id) % CELLS * _CELL.size
