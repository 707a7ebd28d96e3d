"""From the sources of a sample to its catalog, over the processors of this machine."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from logconform.check.catalogue.batch import Catalog, catalog_lines
from logconform.check.processes import begin_child, interruptible
from logconform.check.sources import Block, Progress, Source, Unreadable, blocks

BLOCK = 8_000_000
"""Bytes of a sample that one process takes at a time; a line more or less."""


@dataclass(slots=True)
class Survey:
    """A catalog in the making: of which sources, how much was read, and what could not be."""

    sources: Sequence[Source]
    progress: Progress | None = None
    catalog: Catalog = field(default_factory=Catalog)
    size: int = 0
    problems: list[str] = field(default_factory=list)
    partial: bool = False
    _reading: bool = False

    def run(self, jobs: int) -> None:
        """Read every source, with *jobs* processes. An interrupt (Ctrl-C) ends it early, without an error."""
        waiting: deque[tuple[Future[Catalog], int]] = deque()
        with interruptible(self.interrupt), ExitStack() as stack:
            pool = None
            for block in self._blocks():
                # Most samples are one block: processes are started with the second.
                if jobs == 1 or not self.size:
                    self._take(block)
                    continue
                pool = pool or stack.enter_context(_pool(jobs))
                waiting.append((pool.submit(catalog_block, block), block.size))
                if len(waiting) > 2 * jobs:
                    self._collect(*waiting.popleft())
            while waiting:
                self._collect(*waiting.popleft())

    def interrupt(self) -> None:
        """
        End the sample here, so that what was read is told.

        Raises:
            KeyboardInterrupt: Where a source is waited for (reading then
                catches it itself), and when asked a second time.
        """
        again, self.partial = self.partial, True
        if again or self._reading:
            raise KeyboardInterrupt

    def subject(self) -> dict[str, Any]:
        """Return what the catalog is about."""
        told: dict[str, Any] = {
            "paths": [each.path for each in self.sources],
            "read_as": [each.describe() for each in self.sources if each.describe() != each.path],
            "bytes": self.size,
            "problems": self.problems,
            "partial": self.partial,
        }
        return {name: value for name, value in told.items() if name in {"paths", "bytes"} or value}

    def _blocks(self) -> Iterator[Block]:
        cut = blocks(self.sources, BLOCK, progress=self.progress, failed=self._failed, stopped=lambda: self.partial)
        while not self.partial:
            self._reading = True
            try:
                block = next(cut, None)
            finally:
                self._reading = False
            if block is None:
                return
            yield block
        # What a stream has handed over by now still belongs to the sample.
        yield from cut

    def _take(self, block: Block) -> None:
        try:
            self.catalog.add(catalog_block(block))
            self.size += block.size
        except Unreadable as error:
            self._failed(error)

    def _collect(self, made: Future[Catalog], size: int) -> None:
        try:
            self.catalog.add(made.result())
            self.size += size
        except Unreadable as error:
            self._failed(error)

    def _failed(self, error: Unreadable) -> None:
        self.problems.append(str(error))


def catalog_block(block: Block) -> Catalog:
    """
    Return the catalog of one block.

    Raises:
        Unreadable: If its file is not any more what it was.
    """
    if block.oversize:
        return Catalog(unreadable=1)
    return catalog_lines(io.BytesIO(block.lines().text))


def _pool(jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs, initializer=begin_child)
