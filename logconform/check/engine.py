"""Engines: who judges the blocks of a sample. All give the same verdict, to the byte."""

from __future__ import annotations

import gc
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from typing import BinaryIO, Protocol

from logconform.check.ledger import Ledger
from logconform.check.processes import interruptible
from logconform.check.sources import STDIN, Block, Progress, Source, Unreadable, blocks
from logconform.check.sources.plain import AGAIN
from logconform.check.work import Done, PoolBroken, Work, begin, do, do_here, lines_of
from logconform.chunk import Judge
from logconform.findings import Verdict
from logconform.partial import Begin, Digest, Line, stable_digest

BLOCK_BYTES = 4_000_000
"""A sample is cut into blocks of so many bytes, a line more or less, whichever engine judges it."""
SMALL_BYTES = 1_500_000
"""Smaller samples are judged line by line: the sieve would not have learned enough to be quicker."""
AHEAD = 2
"""Blocks that wait for each process."""


class Result(Protocol):
    """What will be done."""

    def result(self) -> Done:
        """Wait, and return it."""


class Pool(Protocol):
    """Does pieces of work somewhere, in any order."""

    def submit(self, work: Work) -> Result:
        """Do *work*, some time."""


@dataclass(slots=True)
class Judged:
    """What judging a sample gave: a verdict for each service, and how much of it was read."""

    verdicts: dict[str | None, Verdict] = field(default_factory=dict)
    lines: int = 0
    bytes: int = 0
    tasks: int = 0
    problems: list[str] = field(default_factory=list)
    partial: bool = False


class Engine:
    """Reads a sample block by block, has the blocks judged, and adds up."""

    def __init__(self, sources: Sequence[Source], progress: Progress | None = None) -> None:
        self.sources = sources
        self.progress = progress
        self.judged = Judged()
        self._known: dict[Begin, Block] = {}
        self._copy = _Copy()
        self._again: dict[int, tuple[int, Iterator[Block]]] = {}
        self._waits = False

    def run(self, jobs: int = 1, pool: Callable[[], Iterator[Pool]] | None = None) -> Judged:
        """
        Judge the sample with *jobs* processes of this machine, or with those of *pool*.

        An interrupt (Ctrl-C) ends the reading, not the judging.

        Raises:
            Unreadable: If a process was killed, or a cluster is gone.
        """
        forked = pool is None and jobs > 1 and get_context().get_start_method() == "fork"
        digest: Digest = hash if forked or (pool is None and jobs == 1) else stable_digest
        ledger = Ledger(digest, self._reread)
        with interruptible(self.stop), _without_collector(), ExitStack() as stack:
            stack.callback(ledger.close)
            stack.callback(self._copy.close)
            stack.callback(self._again.clear)
            workers = _Workers(ledger, stack, jobs, pool)
            try:
                for block in self._blocks():
                    workers.give(block)
                    while bundle := ledger.bundle():
                        workers.give(bundle)
                workers.drain()
                while bundle := ledger.bundle(last=True):
                    workers.give(bundle)
                    workers.drain()
            except BrokenProcessPool:
                raise Unreadable(
                    "a process of the check was killed, for want of memory perhaps; use fewer (--jobs 1)"
                ) from None
            except PoolBroken as error:
                raise Unreadable(str(error)) from None
            self.judged.problems += workers.problems
            self.judged.verdicts = ledger.verdicts()
            self.judged.tasks = ledger.tasks
            self.judged.problems = _told_once(self.judged.problems)
        self.judged.lines, self.judged.bytes = ledger.total.lines, ledger.total.bytes
        return self.judged

    def stop(self) -> None:
        """
        End the sample here, so that what was read is judged.

        Raises:
            KeyboardInterrupt: Where reading waits for its source (it then
                catches it itself), and when asked a second time.
        """
        again, self.judged.partial = self.judged.partial, True
        if again or self._waits:
            raise KeyboardInterrupt

    def _blocks(self) -> Iterator[Block]:
        cut = blocks(
            self.sources,
            BLOCK_BYTES,
            progress=self.progress,
            failed=self._failed,
            stopped=lambda: self.judged.partial,
        )
        while True:
            self._waits = not self.judged.partial
            try:
                block = next(cut, None)
            finally:
                self._waits = False
            if block is None:
                return
            self._remember(block)
            yield block

    def _failed(self, error: Unreadable) -> None:
        self.judged.problems.append(str(error))

    def _remember(self, block: Block) -> None:
        """Keep what it takes to read a block again."""
        key = (block.source, block.offset)
        if block.data is None:
            self._known[key] = block
        elif _comes_once(self.sources[block.source]):
            self._copy.keep(key, block)

    def _reread(self, key: Begin) -> Iterable[Line]:
        block = self._known.get(key) or self._copy.get(key) or self._read_again(key)
        try:
            return [] if block is None else lines_of(block)
        except Unreadable as error:
            self._failed(error)
            return []

    def _read_again(self, key: Begin) -> Block | None:
        """Return a block of a source that can only be read from its beginning; on, where the last one was before."""
        source, offset = key
        at, rest = self._again.get(source, (offset, iter(())))
        if at >= offset:
            rest = blocks([self.sources[source]], BLOCK_BYTES, failed=lambda _: None)
        self._again[source] = (offset, rest)
        found = next((block for block in rest if block.offset == offset), None)
        return None if found is None else replace(found, source=source)


class _Workers:
    """Gives work to a pool, which is started with the second block; takes the results in order."""

    def __init__(self, ledger: Ledger, stack: ExitStack, jobs: int, pool: Callable[[], Iterator[Pool]] | None) -> None:
        self.problems: list[str] = []
        self._ledger = ledger
        opened = contextmanager(pool or partial(_local_pool, ledger.digest, jobs))()
        self._start = partial(stack.enter_context, opened)
        self._alone = pool is None
        self._jobs = jobs
        self._digest = ledger.digest
        self._pool: Pool | None = None
        self._judge: Judge | None = None
        self._first: Block | None = None
        self._waiting: deque[Result] = deque()

    def give(self, work: Work) -> None:
        """Have *work* done, and take what is done already."""
        if self._alone and self._pool is None and self._first is None and isinstance(work, Block):
            self._first = work  # most samples are one block: wait whether there is a second
            return
        first, self._first = self._first, None
        if self._alone and self._jobs == 1:
            for each in (first, work):
                if each is not None:
                    self._do_here(each, small=False)
            return
        if self._pool is None:
            self._pool = self._start()
        for each in (first, work):
            if each is not None:
                self._waiting.append(self._pool.submit(each))
        while len(self._waiting) > AHEAD * self._jobs:
            self._take(self._waiting.popleft())

    def drain(self) -> None:
        """Take all results."""
        if self._first is not None:
            first, self._first = self._first, None
            self._do_here(first, small=first.size < SMALL_BYTES)
        while self._waiting:
            self._take(self._waiting.popleft())

    def _do_here(self, work: Work, *, small: bool) -> None:
        self._judge = self._judge or Judge(self._digest, sift=not small)
        try:
            self._add(do(work, self._judge))
        except Unreadable as error:
            self.problems.append(str(error))

    def _take(self, future: Result) -> None:
        try:
            self._add(future.result())
        except Unreadable as error:
            self.problems.append(str(error))

    def _add(self, done: Done) -> None:
        self._ledger.add(done.partial)
        self.problems += done.problems


class _LocalPool:
    """Processes of this machine."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def submit(self, work: Work) -> Result:
        """Do *work* in one of them."""
        return self._executor.submit(do_here, work)


def _local_pool(digest: Digest, jobs: int) -> Iterator[Pool]:
    with ProcessPoolExecutor(jobs, initializer=begin, initargs=(digest,)) as executor:
        try:
            yield _LocalPool(executor)
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _told_once(problems: Iterable[str]) -> list[str]:
    """Return *problems* with one for each file that was cut or replaced, though each of its blocks has one."""
    told = {each.partition(": ")[0] if each.endswith(AGAIN) else each: each for each in reversed(list(problems))}
    return list(reversed(told.values()))


def _comes_once(source: Source) -> bool:
    """Whether what is read of a source is gone then: a pipe's, a terminal's."""
    if source.path == STDIN:
        return True
    return source.url is None and not os.path.isfile(source.path)  # noqa: PTH113  # one look, no object


class _Copy:
    """What came through a pipe, in a temporary file, as long as there is room for it."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._where: dict[Begin, tuple[int, Block]] = {}
        self._full = False

    def keep(self, key: Begin, block: Block) -> None:
        """Keep a block."""
        if self._full or block.data is None:
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="logconform-")  # noqa: SIM115  # closed by close
            at = self._file.seek(0, os.SEEK_END)
            self._file.write(block.data)
            self._file.flush()
        except OSError:
            self._full = True  # what cannot be read again is judged by what is left of it
            return
        self._where[key] = (at, replace(block, data=None))

    def get(self, key: Begin) -> Block | None:
        """Return a block that was kept."""
        if key not in self._where or self._file is None:
            return None
        at, block = self._where[key]
        self._file.seek(at)
        return replace(block, data=self._file.read(block.size))

    def close(self) -> None:
        """Give the disk back."""
        if self._file is not None:
            self._file.close()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Spare the collector of circular garbage its work: judging makes millions of objects, and no circles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
