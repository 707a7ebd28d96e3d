"""What a check found: findings, their causes, counts, and the verdict that adds them up."""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from logconform.records import Place, Record
from logconform.secrets import excerpt

FINDINGS_KEPT = 50
"""Findings kept per requirement; the counts stay exact."""
PLACES_KEPT = 5
"""Findings kept per cause, the first ones of the sample; the totals stay exact."""
CAUSES_KEPT = 200
"""Causes told apart per requirement; further ones are one cause without logger and event."""

Cause = tuple[str, str | None, str | None, str]
"""What findings of one origin have in common: requirement, logger, event, shape of the fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a requirement does not hold.

    `evidence` is an excerpt of the record, already redacted; where the finding
    holds the line's bytes instead (`raw`), `sealed` makes it. `shape` names the
    kind of fault without its values; `scenario` is the pytest node id, where a
    scenario found it.
    """

    requirement: str
    message: str
    place: Place | None = None
    task_id: str | None = None
    evidence: str = ""
    fix: str = ""
    scenario: str | None = None
    environment: str | None = None
    logger: str | None = None
    event: str | None = None
    shape: str = ""
    raw: bytes | None = field(default=None, compare=False, repr=False)

    @classmethod
    def about(cls, record: Record, requirement: str, message: str, *, fix: str = "", shape: str = "") -> Finding:
        """Make a finding about *record*; the excerpt is made when it is sealed."""
        return cls(
            requirement,
            message,
            record.place,
            record.task_id,
            fix=fix,
            logger=record.logger,
            event=record.event,
            shape=shape,
            raw=record.raw,
        )

    def sealed(self) -> Finding:
        """Return the finding with its evidence, and without the line's bytes."""
        return self if self.raw is None else replace(self, evidence=excerpt(self.raw), raw=None)

    def within(self, *, scenario: str | None = None, environment: str | None = None) -> Finding:
        """Return the same finding, told where it was made."""
        return replace(self, scenario=scenario or self.scenario, environment=environment or self.environment)

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two findings the same one, whoever reported it."""
        if self.place is not None:
            return (self.requirement, self.environment, self.place)
        return (self.requirement, self.environment, self.task_id, self.message)

    @property
    def cause(self) -> Cause:
        """What it has in common with other findings of the same origin."""
        return (self.requirement, self.logger, self.event, self.shape or self.message)

    @property
    def position(self) -> tuple[bool, int, str, int, str, str]:
        """Sort key: by the place in the sample, what has none last."""
        if self.place is None:
            return (True, 0, "", 0, self.task_id or "", self.message)
        return (False, self.place.source, self.place.path, self.place.offset, self.requirement, self.message)


@dataclass(frozen=True, slots=True)
class Count:
    """How often a requirement was checked, did not hold, and could not be decided.

    >>> Count(checked=2) + Count(checked=1, violations=1)
    Count(checked=3, violations=1, undecided=0)
    """

    checked: int = 0
    violations: int = 0
    undecided: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.checked + other.checked, self.violations + other.violations, self.undecided + other.undecided)


@dataclass(frozen=True, slots=True)
class Places:
    """The findings of one cause: how many there are, and the first of them, by position."""

    total: int = 0
    first: tuple[Finding, ...] = ()

    def __add__(self, other: Places) -> Places:
        return Places(self.total + other.total, _first((*self.first, *other.first), PLACES_KEPT))


class Verdict:
    """Counts per requirement, the first findings of each, and their causes.

    Addition is associative and commutative: of findings, those that come first
    in the sample are kept, whichever verdict brought them.
    """

    __slots__ = ("_kept", "causes", "counts")

    def __init__(self, counts: Mapping[str, Count] | None = None, findings: Iterable[Finding] = ()) -> None:
        self.counts: dict[str, Count] = dict(counts or {})
        self.causes: dict[Cause, Places] = {}
        self._kept: dict[str, list[Finding]] = {}
        for finding in findings:
            self.keep(finding)

    @property
    def findings(self) -> list[Finding]:
        """The findings that were kept, by position."""
        return sorted((each for kept in self._kept.values() for each in kept), key=_position)

    def checked(self, requirement: str, times: int = 1) -> None:
        """Count that *requirement* was checked."""
        self.counts[requirement] = self.counts.get(requirement, Count()) + Count(checked=times)

    def undecided(self, requirement: str, times: int = 1) -> None:
        """Count that *requirement* could not be decided."""
        self.counts[requirement] = self.counts.get(requirement, Count()) + Count(undecided=times)

    def found(self, finding: Finding) -> None:
        """Count *finding* as a violation, and keep it if it is one of the first."""
        self.counts[finding.requirement] = self.counts.get(finding.requirement, Count()) + Count(violations=1)
        self.keep(finding)

    def found_all(self, findings: Iterable[Finding]) -> None:
        """Count each of *findings*."""
        for finding in findings:
            self.found(finding)

    def found_more(self, cause: Cause, times: int = 1) -> None:
        """Count *times* findings of a cause that are not to be kept."""
        self.counts[cause[0]] = self.counts.get(cause[0], Count()) + Count(violations=times)
        known = self.causes[cause]
        self.causes[cause] = Places(known.total + times, known.first)

    def has_earlier(self, cause: Cause, source: int, offset: int) -> bool:
        """Whether a finding of *cause* at this place would only be counted: enough are known that stand before it."""
        places, kept = self.causes.get(cause), self._kept.get(cause[0], [])
        if places is None or len(places.first) < PLACES_KEPT or len(kept) < FINDINGS_KEPT:
            return False
        return _stands_before(places.first[-1], source, offset) and _stands_before(kept[-1], source, offset)

    def keep(self, finding: Finding) -> None:
        """Keep a finding that is counted already, if it is one of the first."""
        kept = self._kept.setdefault(finding.requirement, [])
        if len(kept) < FINDINGS_KEPT or finding.position < kept[-1].position:
            insort(kept, finding, key=_position)
            del kept[FINDINGS_KEPT:]
        cause = finding.cause
        if cause not in self.causes and sum(each[0] == cause[0] for each in self.causes) >= CAUSES_KEPT:
            cause = (cause[0], None, None, OTHER_CAUSES)
        self.causes[cause] = self.causes.get(cause, Places()) + Places(1, (finding,))

    def sealed(self) -> Verdict:
        """Return the verdict with the evidence of its findings made: ready to be kept and sent."""
        return self._with(lambda finding: finding.sealed())

    def moved(self, move: Callable[[Place], Place]) -> Verdict:
        """Return the verdict with every place changed by *move*."""
        return self._with(lambda each: each if each.place is None else replace(each, place=move(each.place)))

    def without(self, other: Verdict) -> Verdict:
        """Return the verdict less *other*, which was added to it before."""
        less = Verdict(self.counts)
        for name, count in other.counts.items():
            less.counts[name] = less.counts[name] + Count(-count.checked, -count.violations, -count.undecided)
        gone = {each for places in other.causes.values() for each in places.first} | set(other.findings)
        less._kept = {name: [each for each in kept if each not in gone] for name, kept in self._kept.items()}
        less.causes = {
            cause: Places(total, tuple(each for each in places.first if each not in gone))
            for cause, places in self.causes.items()
            if (total := places.total - other.causes.get(cause, Places()).total)
        }
        return less

    def only(self, requirements: Iterable[str]) -> Verdict:
        """Return the part of the verdict that is about *requirements*."""
        kept = set(requirements)
        part = Verdict({name: count for name, count in self.counts.items() if name in kept})
        part._kept = {name: list(findings) for name, findings in self._kept.items() if name in kept}
        part.causes = {cause: places for cause, places in self.causes.items() if cause[0] in kept}
        return part

    def __add__(self, other: Verdict) -> Verdict:
        total = self._with(lambda finding: finding)
        for name, count in other.counts.items():
            total.counts[name] = total.counts.get(name, Count()) + count
        for name, kept in other._kept.items():
            total._kept[name] = sorted([*total._kept.get(name, []), *kept], key=_position)[:FINDINGS_KEPT]
        for cause, places in other.causes.items():
            total.causes[cause] = total.causes.get(cause, Places()) + places
        return total

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Verdict):
            return NotImplemented
        return (self.counts, self.findings, self.causes) == (other.counts, other.findings, other.causes)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Verdict({self.counts}, {self.findings})"

    def _with(self, change: Callable[[Finding], Finding]) -> Verdict:
        changed = Verdict(self.counts)
        changed._kept = {name: [change(each) for each in kept] for name, kept in self._kept.items()}
        changed.causes = {
            cause: Places(each.total, tuple(map(change, each.first))) for cause, each in self.causes.items()
        }
        return changed


OTHER_CAUSES = "further causes"
"""Shape of what is beyond `CAUSES_KEPT`."""


_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|\d+(?:[.,]\d+)*")


def without_values(message: str) -> str:
    """Return what a message says of every finding of its kind.

    >>> without_values("tenant_id is 'acme' in line 7")
    'tenant_id is … in line …'
    """
    return _VALUE.sub("…", message)


def _first(findings: Iterable[Finding], number: int) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=_position)[:number])


def _position(finding: Finding) -> tuple[bool, int, str, int, str, str]:
    return finding.position


def _stands_before(finding: Finding, source: int, offset: int) -> bool:
    place = finding.place
    return place is not None and (place.source, place.offset) < (source, offset)
