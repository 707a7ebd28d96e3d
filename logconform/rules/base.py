"""What a rule is."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import ClassVar

from logconform.findings import Finding
from logconform.records import Record
from logconform.rules.history import History, Sample
from logconform.secrets import excerpt


class Undecided(enum.Enum):
    """The outcome of a check that the sample does not decide."""

    UNDECIDED = "undecided"


UNDECIDED = Undecided.UNDECIDED

Outcomes = Iterator[Finding | Undecided | None]
"""None: the check held."""


class Rule:
    """A defect, with the requirement that it speaks against and the remedy."""

    requirement: ClassVar[str]
    fix: ClassVar[str] = ""

    def finding(self, message: str, record: Record) -> Finding:
        """Make a finding about *record*."""
        return Finding(
            requirement=self.requirement,
            message=message,
            place=record.place,
            task_id=record.task_id,
            evidence=excerpt(record.raw),
            fix=self.fix,
        )


class TaskRule(Rule):
    """A rule over the records of one task. It holds no state."""

    def check(self, history: History) -> Outcomes:
        """Yield the outcome of each check that *history* gives rise to."""
        raise NotImplementedError


class StreamRule(Rule):
    """A rule over all records, one after another. One instance sees one stream."""

    def see(self, record: Record) -> Outcomes:
        """Yield what *record* shows."""
        del record
        yield from ()

    def end(self, sample: Sample) -> Outcomes:
        """Yield what the whole stream shows."""
        del sample
        yield from ()
