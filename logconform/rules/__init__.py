"""
Rules: what a single record cannot show. One module per defect, found by discovery.

A `TaskRule` looks at the records of one task, a `StreamRule` at one record
after another. Either yields None for a check that held, a `Finding`, or
`UNDECIDED` where the sample does not tell.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from logconform.contract import ContractError
from logconform.findings import Finding
from logconform.records import Record
from logconform.rules.base import UNDECIDED, GatheringRule, IfBound, Outcome, Rule, StreamRule, TaskRule
from logconform.rules.history import History
from logconform.rules.sample import Edge, PartOfSample, Sample, Unsettled

__all__ = [
    "UNDECIDED",
    "Edge",
    "GatheringRule",
    "History",
    "IfBound",
    "Outcome",
    "PartOfSample",
    "Rule",
    "Sample",
    "StreamRule",
    "TaskRule",
    "Unsettled",
    "check_history",
    "discover",
]


@cache
def discover() -> tuple[type[Rule], ...]:
    """
    Return every rule of this package, in the order of their names.

    Raises:
        ContractError: If one of them names no requirement.
    """
    found: list[type[Rule]] = []
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__
            if value not in {Rule, TaskRule, StreamRule, GatheringRule} and not value.__name__.startswith("_")
        ]
    for rule in found:
        if not getattr(rule, "requirement", ""):
            path, line = Path(inspect.getfile(rule)), inspect.getsourcelines(rule)[1]
            remedy = 'add `requirement = "CTX005"`, or whichever it is'
            raise ContractError(path, line, f"the rule {rule.__name__} names no requirement", remedy)
    return tuple(sorted(found, key=lambda rule: rule.__name__))


def check_history(records: Iterable[Record], requirement: str) -> Iterator[Finding | None]:
    """Check one task's records, complete from first to last, against the task rules of one requirement."""
    known = list(records)
    if not known:
        return
    history = History.of(known, Sample.complete())
    for rule in discover():
        if rule.requirement == requirement and issubclass(rule, TaskRule):
            for outcome in rule().check(history):
                if outcome is None or isinstance(outcome, Finding):
                    yield outcome
