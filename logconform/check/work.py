"""What one process does: a block, or a bundle of tasks, becomes a partial verdict."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from logconform.check.ledger import Bundle, judge_bundle
from logconform.check.processes import begin_child
from logconform.check.sources import Block
from logconform.chunk import Chunk, Judge
from logconform.partial import Begin, Digest, Line, Partial, stable_digest
from logconform.records import Place, oversize_reading

Work = Block | Bundle


class PoolBroken(Exception):
    """A pool can do no more work. Its text names why, and the remedy."""


@dataclass(frozen=True, slots=True)
class Done:
    """A partial verdict, and what the shipper left out of the block."""

    partial: Partial
    problems: Sequence[str] = ()


def do(work: Work, judge: Judge, folder: str = "") -> Done:
    """
    Judge a block or a bundle; relative paths begin at *folder*.

    Raises:
        Unreadable: If the block's file is not any more what it was.
    """
    if isinstance(work, Bundle):
        return Done(judge_bundle(work, judge))
    if work.oversize:
        reading = oversize_reading(work.data or b"", work.oversize, _first(work), ended=work.ended)
        partial = judge.judge_reading(reading, (work.source, work.offset))
        partial.bytes = work.oversize
        return Done(partial)
    lines = replace(work, path=str(Path(folder) / work.path)).lines() if folder else work.lines()
    chunk = Chunk(
        lines.text, work.path, (work.source, work.offset), lines.places, physical=lines.physical, stderr=lines.stderr
    )
    problems = [
        f"{work.path}: {message} (line {line + 1} from byte {work.offset:,})" for line, message in lines.problems
    ]
    return Done(judge.judge(chunk), problems)


def lines_of(block: Block) -> list[Line]:
    """Return the lines of a block that may name a task: by its member's plain name, or by one with escapes."""
    if block.oversize:
        return []
    lines = block.lines()
    placed_lines = placed(lines.text, lines.places, block.path, (block.source, block.offset))
    return [line for line in placed_lines if b'"task_id"' in line.raw or b"\\u00" in line.raw]


def placed(text: bytes, places: Sequence[tuple[int, int]] | None, path: str, begin: Begin) -> Iterator[Line]:
    """Yield the lines of *text*; *places* and *begin* are as a chunk has them."""
    source, offset = begin
    for number, raw in enumerate(io.BytesIO(text)):  # it splits at line feeds only
        at = (number, offset) if places is None else places[number]
        yield Line(Place(path, at[0] + 1, at[1], source), raw)
        offset += len(raw)


def _first(block: Block) -> Place:
    return Place(block.path, 1, block.offset, block.source)


_judge: Judge | None = None


def begin(digest: Digest) -> None:
    """Prepare this process of a pool for its work."""
    global _judge  # noqa: PLW0603  # one for the process: it learns
    begin_child()
    gc.disable()
    gc.freeze()
    _judge = Judge(digest)


def do_here(work: Work) -> Done:
    """Do a piece of work with this process's judge."""
    assert _judge is not None
    return do(work, _judge)


def do_anywhere(work: Work, folder: str) -> Done:
    """Do a piece of work in a process that nobody has prepared, such as a Dask worker's."""
    global _judge  # noqa: PLW0603  # as above
    if _judge is None:
        _judge = Judge(stable_digest)
    return do(work, _judge, folder)
