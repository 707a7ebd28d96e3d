"""What a pool child had on record when it was lost: memory that it shares with the worker's main process.

A child may be killed after its task has ended and before it has told its
parent, or after it wrote the ending to one sink and before it wrote it to the
next. Celery then reports the task as failed, a second time or although it had
succeeded; only the child knew better. Children that are spawned, not forked,
share nothing.
"""

from __future__ import annotations

import mmap
import struct

CELLS = 65_536
"""So many tasks can be told apart, roughly; Celery misses a lost child within seconds."""

_CELL = struct.Struct("qq")  # the task, and how many of the sinks have its ending
_ended = mmap.mmap(-1, CELLS * _CELL.size)


def note_start(task_id: str) -> None:
    """Forget that an earlier execution of the task has ended."""
    _CELL.pack_into(_ended, _place(task_id), 0, 0)


def note_end(task_id: str, sinks: int) -> None:
    """Leave word that the task's ending is on record in the first so many *sinks*."""
    _CELL.pack_into(_ended, _place(task_id), hash(task_id), sinks)


def sinks_reached(task_id: str) -> int:
    """Return how many of the sinks have the task's ending from the last process that ran it, as far as it left word.

    >>> note_end("t-1", 2), sinks_reached("t-1"), note_start("t-1"), sinks_reached("t-1")
    (None, 2, None, 0)
    """
    left, sinks = _CELL.unpack_from(_ended, _place(task_id))
    return int(sinks) if left == hash(task_id) else 0


def _place(task_id: str) -> int:
    return hash(task_id) % CELLS * _CELL.size
