"""
Folding: tasks whose records are all proven are counted, and nothing of them is kept.

What the task rules say of a task depends on the sites of its records, in
order, and on how these agree: in whom the task is for, in time, in duration.
Of the first task of each such *form* the exact engine decides; the others are
held against it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from operator import attrgetter
from typing import Any

from msgspec import UNSET

from logconform.court import Court, held_back, settled_outcomes
from logconform.findings import Cause, Finding
from logconform.partial import CALLED_WITH_TENANT, CALLED_WITH_USER, STARTED
from logconform.records import Record
from logconform.rules import UNDECIDED, History, Unsettled
from logconform.rules.history import ENDINGS
from logconform.rules.progress_out_of_order import ProgressDoesNotAddUp, ProgressTooRareOrOften
from logconform.rules.sample import instant
from logconform.rules.survey import Survey
from logconform.sieve import NO_TIME, Identity
from logconform.sites import Site

FORMS_KEPT = 20_000
"""Samples with more forms are judged by the exact engine for what is beyond."""

_LETTERS = {"task-start": "S", "task-retry": "R", "task-retries-exhausted": "X", **dict.fromkeys(ENDINGS, "E")}
_REGULAR = re.compile(r"SB*(?:RMB*)*X?E")
"""Executions one after another, each retried but the last: S start, M start of a retry, B body, X retries used up."""
_PROGRESS = (ProgressDoesNotAddUp(), ProgressTooRareOrOften())
"""Rules that compute with what records hold."""
_MARGIN = 0.001
"""Milliseconds: a duration so close to what is allowed is left to the exact engine."""

PARENT = 3
"""Position of the parent in an identity."""


@dataclass(slots=True, eq=False)
class Form:
    """
    What the exact engine says of every task of a form, without what each record of its bodies adds.

    Positions are those of the skeleton.
    """

    checked: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    causes: tuple[Cause, ...] = ()
    executions: tuple[tuple[int, int, str], ...] = ()
    durations: tuple[tuple[int, int], ...] = ()
    progress: bool = False
    shown: bool = False
    hidden: bool = False


@dataclass(slots=True)
class Strand:
    """
    The records of one task within a part, all proven, without what Celery's own loggers mention.

    `identity` has every part that a record has; `identities` are those of the
    records, where some lack a part.
    """

    numbers: Sequence[int]
    sites: Sequence[Site]
    identity: Identity
    stamps: Sequence[str]
    identities: Sequence[Identity] | None = None

    @property
    def first(self) -> Identity:
        """The identity of the first record."""
        return self.identity if self.identities is None else self.identities[0]


Key = tuple[Any, ...]


def strand_of(
    numbers: Sequence[int], sites: Sequence[Site], identities: Sequence[Identity], stamps: Sequence[str]
) -> Strand | None:
    """Return the strand of a task; None where its records tell of different contexts, or go back in time."""
    if True in map(_mention, sites):
        told = [at for at, site in enumerate(sites) if not site.mention]
        if not told or not _mentions_fit(sites, identities, told[0]):
            return None
        numbers, sites = [numbers[at] for at in told], [sites[at] for at in told]
        identities, stamps = [identities[at] for at in told], [stamps[at] for at in told]
    if list(stamps) != sorted(stamps) or (stamps[0] == NO_TIME) != (stamps[-1] == NO_TIME):
        return None
    if identities.count(identities[0]) == len(identities):
        return Strand(numbers, sites, identities[0], stamps)
    whole = _united(identities)
    if whole is None:
        return None
    return Strand(numbers, list(map(_variant, sites, identities, repeat(whole))), whole, stamps, identities)


def _mentions_fit(sites: Sequence[Site], identities: Sequence[Identity], first: int) -> bool:
    """Whether what Celery's own loggers mention is in no other context than the first record's."""
    return all(_fits(whose, identities[first]) for site, whose in zip(sites, identities, strict=True) if site.mention)


def _fits(identity: Identity, first: Identity) -> bool:
    return identity == first or all(mine is UNSET or mine == own for mine, own in zip(identity, first, strict=True))


def _united(identities: Sequence[Identity]) -> Identity | None:
    """Return the identity with every part that one of *identities* has; None where two disagree."""
    parts = [set(column) - {UNSET} for column in zip(*identities, strict=True)]
    if any(len(values) > 1 for values in parts):
        return None
    return tuple(next(iter(values), UNSET) for values in parts)


_variants: dict[tuple[Site, tuple[bool, ...]], Site] = {}


def _variant(site: Site, identity: Identity, whole: Identity) -> Site:
    """Return what stands for a site where its record lacks a part of the task's identity."""
    if identity == whole:
        return site
    lacks = tuple(part is UNSET for part in identity)
    return _variants.setdefault((site, lacks), replace(site))


_mention = attrgetter("mention")
_plain = attrgetter("plain")
_logger = attrgetter("logger")


class Forms:
    """Learns forms, and what a record in a body adds to one; one for a process."""

    def __init__(self) -> None:
        self._forms: dict[Key, Form | None] = {}
        self._added: dict[Key, Counter[str] | None] = {}
        self._refused: set[Key] = set()
        self._of_one: dict[Key, tuple[Form, set[Site]]] = {}

    def form_of(self, strand: Strand, bodies: list[Key], judge: Judge) -> tuple[Form, Sequence[int]] | None:
        """
        Return the form of a task, and the positions of its skeleton; count its *bodies* by what they add.

        None where the exact engine has to judge the task. *judge* lets it judge
        the records at some positions; at one of them twice, where it is named twice.
        """
        if all(map(_plain, strand.sites[1:-1])):
            found = self._form_of_one(strand, bodies)
            if found is not None:
                return found, (0, len(strand.sites) - 1)
        skeleton, key, body = _skeleton(strand)
        form = self._forms.get(key)
        if form is None and key in self._forms:
            return None
        added = [(site, called, key[-1]) for _, site, called in body]
        if form is None or not self._added.keys() >= set(added):
            form = self._learn(strand, key, skeleton, dict(zip([at for at, _, _ in body], added, strict=True)), judge)
        if form is None or not self._refused.isdisjoint(added):
            return None
        bodies += added
        if (
            len(skeleton) == len(strand.sites) - len(body) == 2
            and skeleton[0] == 0
            and body
            and body[-1][0] < skeleton[1]
        ):
            self._of_one.setdefault(_key_of_one(strand), (form, set()))[1].update(site for _, site, _ in body)
        return form, skeleton

    def _form_of_one(self, strand: Strand, bodies: list[Key]) -> Form | None:
        """Return the form of a task of one execution whose body does nothing but speak, if all of it is known."""
        sites = strand.sites
        if len(sites) < 3:
            return None
        known = self._of_one.get(_key_of_one(strand))
        if known is None or not known[1].issuperset(sites[1:-1]):
            return None
        called, agreement = sites[0].called_with, _agreement(strand)
        bodies += zip(sites[1:-1], repeat(called), repeat(agreement))
        return known[0]

    def added(self, key: Key) -> Counter[str]:
        """Return what is checked for a body's record."""
        return self._added[key] or Counter()

    def _learn(self, strand: Strand, key: Key, skeleton: list[int], body: dict[int, Key], judge: Judge) -> Form | None:
        """Learn the form of a task, or what a record of its body adds."""
        everything = list(range(len(strand.sites)))
        whole = judge(everything) if _is_regular(strand) else None
        if whole is None or len(self._forms) >= FORMS_KEPT:
            self._forms.setdefault(key, None)
            return None
        for at, each in body.items():
            if each not in self._added:
                more = judge([*everything[: at + 1], *everything[at:]])
                self._added[each] = None if more is None else _difference(more, whole)
                if self._added[each] is None:
                    self._refused.add(each)
        if key in self._forms:
            return self._forms[key]
        form = Form(Counter(whole.checked), whole.undecided, tuple(each.cause for each in whole.findings))
        for each in body.values():
            form.checked.subtract(self.added(each))
        sites = [strand.sites[at] for at in skeleton]
        form.executions = _executions(sites)
        form.durations = tuple(
            (begin, end)
            for begin, end, _ in form.executions
            if sites[end].kind == "task-completion" and sites[end].duration is not None
        )
        form.progress = any(site.kind == "task-progress" for site in sites)
        form.shown, form.hidden = whole.shown, whole.hidden
        self._forms[key] = form
        return form


@dataclass(slots=True)
class Told:
    """What the exact engine says of some records of one task."""

    checked: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    shown: bool = False
    hidden: bool = False


Judge = Callable[[list[int]], Told | None]


def told_of(records: list[Record], court: Court) -> Told | None:
    """Judge a task that has ended; None where that depends on the rest of the sample, or on what is borrowed."""
    try:
        history = History.of(records, court.local)
    except Unsettled:
        return None
    outcomes = settled_outcomes(history)
    if outcomes is None or history.borrowed or len(history.records) != len(records):
        return None
    told = Told(findings=list(held_back(history)))
    for requirement, outcome in outcomes:
        if outcome is UNDECIDED:
            told.undecided[requirement] += 1
            continue
        told.checked[requirement] += 1
        told.findings += [outcome] if isinstance(outcome, Finding) else []
    survey = Survey()
    survey.see_history(history)
    told.shown, told.hidden = survey.retries_shown, survey.retries_hidden
    return told


def _difference(more: Told, less: Told) -> Counter[str] | None:
    """Return what is checked in *more* only, None where more is found; PROG rules are asked of each task."""
    if _found(more) != _found(less) or more.undecided != less.undecided:
        return None
    added = more.checked - less.checked
    return Counter({name: times for name, times in added.items() if not name.startswith("PROG")})


def _found(told: Told) -> list[Finding]:
    return [each for each in told.findings if not each.requirement.startswith("PROG")]


def _is_regular(strand: Strand) -> bool:
    letters = "".join("M" if site.further else _LETTERS.get(site.kind, "B") for site in strand.sites)
    revoked = [site.kind for site in strand.sites] == ["task-revoked"]  # of two, one may have been shipped again
    return revoked or _REGULAR.fullmatch(letters) is not None


def _agreement(strand: Strand) -> tuple[bool, ...]:
    whose = strand.identity
    absent = (whose[0] is UNSET, whose[1] is UNSET, whose[2] is UNSET, whose[PARENT] is UNSET)
    if strand.identities is None:
        return (*absent, strand.stamps[0] == NO_TIME)
    return (*absent, strand.stamps[0] == NO_TIME, *(part is UNSET for part in strand.first))


def _key_of_one(strand: Strand) -> Key:
    first, last = strand.sites[0], strand.sites[-1]
    loggers = None if first.logger == last.logger else frozenset(map(_logger, strand.sites[1:-1]))
    return (first, last, loggers, _agreement(strand))


def _skeleton(strand: Strand) -> tuple[list[int], Key, list[tuple[int, Site, int]]]:
    """
    Return the positions that make a task's form, the form's key, and the others: position, site, the start's flags.

    Of what a body says in passing the key only tells between which lifecycle
    records there is any, and by which loggers where that matters.
    """
    skeleton: list[int] = []
    parts: list[Any] = []
    body: list[tuple[int, Site, int]] = []
    called, silent, previous = 0, True, None
    for at, site in enumerate(strand.sites):
        if site.plain or (site is previous and site.kind == "task-progress"):
            body.append((at, site, called))
            if silent and site.plain:
                parts.append(None)
                silent = False
            continue
        if site.kind in _LETTERS:
            silent = True  # what stands after an ending makes another form than what stands before it
        if site.kind == "task-start":
            called = site.called_with
        skeleton.append(at)
        parts.append(site)
        previous = site
    agreement = _agreement(strand)
    central = {strand.sites[at].logger for at in skeleton}
    loggers = frozenset(site.logger for _, site, _ in body) if len(central) > 1 else None
    return skeleton, (*parts, loggers, agreement), body


def _executions(sites: Sequence[Site]) -> tuple[tuple[int, int, str], ...]:
    """Return where each execution begins and ends, and the name with which it does."""
    found, begin = [], None
    for at, site in enumerate(sites):
        if site.kind == "task-start":
            begin = at
        elif begin is not None and (site.kind in ENDINGS or site.kind == "task-retry"):
            found.append((begin, at, site.name))
            begin = None
    return tuple(found)


def durations_agree(form: Form, strand: Strand, skeleton: Sequence[int], records: Sequence[Any]) -> bool:
    """Whether a task's durations are those that its timestamps tell; *records* are all of the chunk."""
    for begin, end in form.durations if strand.stamps[0] != NO_TIME else ():
        first, last = skeleton[begin], skeleton[end]
        get = strand.sites[last].duration
        told = get(records[strand.numbers[last]]) if get is not None else UNSET
        if told is UNSET:
            continue
        real = 1_000 * elapsed(strand.stamps[first], strand.stamps[last])
        if abs(told - real) > max(50.0, 0.1 * real) - _MARGIN:
            return False
    return True


def elapsed(earlier: str, later: str) -> float:
    """Return the seconds between two valid timestamps."""
    if earlier[:17] == later[:17]:
        return float(later[17:26]) - float(earlier[17:26])
    return (instant(later) or 0.0) - (instant(earlier) or 0.0)


def progress_holds(records: list[Record], court: Court) -> bool:
    """Whether the rules that compute with a task's progress have nothing against it, and check all they can."""
    try:
        history = History.of(records, court.local)
        reporting = sum(any(record.event == "Processing progress" for record in part) for part in history.parts)
        return all(list(rule.check(history)) == [None] * reporting for rule in _PROGRESS)
    except Unsettled:
        return False


def flags_of(site: Site, identity: Identity) -> int:
    """Return the flags of the row of a start."""
    flags = STARTED
    flags |= CALLED_WITH_TENANT if site.called_with & 1 and identity[0] is not UNSET else 0
    return flags | (CALLED_WITH_USER if site.called_with & 2 and identity[1] is not UNSET else 0)
