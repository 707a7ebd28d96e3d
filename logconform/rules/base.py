"""What a rule is."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from logconform.findings import Finding, without_values
from logconform.records import Record
from logconform.rules.history import History


class Undecided(enum.Enum):
    """The outcome of a check that the sample does not decide."""

    UNDECIDED = "undecided"


UNDECIDED = Undecided.UNDECIDED


@dataclass(frozen=True, slots=True)
class IfBound:
    """A finding if, earlier in the sample, a task wrote with one of these members (name, value); else no check."""

    members: tuple[tuple[str, str], ...]
    finding: Finding


Outcome = Finding | Undecided | IfBound | None
Outcomes = Iterator[Outcome]
"""None: the check held."""


class Rule:
    """A defect, with the requirement that it speaks against and the remedy."""

    requirement: ClassVar[str]
    fix: ClassVar[str] = ""

    def finding(self, message: str, record: Record) -> Finding:
        """Make a finding about *record*."""
        shape = f"{type(self).__name__}: {without_values(message)}"
        return Finding.about(record, self.requirement, message, fix=self.fix, shape=shape)


class TaskRule(Rule):
    """A rule over the records of one task. It holds no state."""

    def check(self, history: History) -> Outcomes:
        """Yield the outcome of each check that *history* gives rise to."""
        raise NotImplementedError


class StreamRule(Rule):
    """A rule over all records, one after another. One instance sees one part of a stream."""

    def see(self, record: Record) -> Outcomes:
        """Yield what *record* shows."""
        raise NotImplementedError


class GatheringRule(StreamRule):
    """A stream rule that says at the end what many records show together; those of several parts can be added up."""

    def absorb(self, other: Self) -> None:
        """Take over what another instance saw of another part, before or after this one's."""
        raise NotImplementedError

    def end(self) -> Outcomes:
        """Yield what all records together show."""
        raise NotImplementedError

    def seal(self) -> None:
        """Let go of what only this process needs, before the instance is sent to another."""
