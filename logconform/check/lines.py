"""Lines that are in memory already: judged as `logconform check` judges the lines of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from logconform.check.engine import Judged
from logconform.check.work import placed
from logconform.chunk import Chunk, Judge
from logconform.judge import conclude
from logconform.partial import Begin, Line, Partial


def judge_chunks(chunks: Iterable[Chunk]) -> Judged:
    """Judge *chunks*, each the whole of one source: their `begin` is (number of the source, 0)."""
    known = {chunk.begin: chunk for chunk in chunks}
    judge, total = Judge(sift=False), Partial()
    for chunk in known.values():
        total += judge.judge(chunk)

    def reread(begin: Begin) -> Iterator[Line]:
        return lines_of(known[begin])

    verdicts, tasks = conclude(total, reread=reread)
    return Judged(verdicts, lines=total.lines, bytes=total.bytes, tasks=tasks)


def lines_of(chunk: Chunk) -> Iterator[Line]:
    """Yield the lines of a chunk with their places."""
    return placed(chunk.text, chunk.places, chunk.path, chunk.begin)
