"""Which checks enforce a requirement: reader, schemas, rules, scenarios. Found, never listed by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from logconform import schemas
from logconform.contract import Contract, Level, Requirement
from logconform.court import LINE_REQUIREMENTS
from logconform.rules import discover
from logconform.schemas import requirements_of, schema_names
from logconform.shipped import shipped


def features_folder() -> Path:
    """
    Return the folder of the features: the installed one, else the source tree's.

    Raises:
        FileNotFoundError: If neither is there.
    """
    folder = shipped("features")
    if not folder.is_dir():
        raise FileNotFoundError("the features are missing from this installation; install logconform again")
    return folder


def checks_of(requirement: str) -> list[str]:
    """
    Return what enforces *requirement*, one line each.

    >>> checks_of("FMT002")[0]
    'reader: every line (logconform/records.py)'
    """
    return [text for name, text in _all_checks() if name == requirement]


@cache
def fix_of(requirement: str) -> str:
    """
    Return the remedy that a rule, else a schema, has for a requirement; empty where neither has one.

    >>> fix_of("CTX005")
    'Clear the context in `task_postrun`, whatever the ending.'
    """
    fixes = (rule.fix for rule in discover() if rule.requirement == requirement)
    return next(fixes, "") or schemas.fix_of(requirement)


def checked_requirements() -> set[str]:
    """Return every requirement that some check names."""
    return {name for name, _ in _all_checks()}


@cache
def _all_checks() -> tuple[tuple[str, str], ...]:
    return (*_of_reader(), *_of_schemas(), *_of_rules(), *_of_features())


def _of_reader() -> Iterator[tuple[str, str]]:
    for requirement in LINE_REQUIREMENTS:
        yield requirement, "reader: every line (logconform/records.py)"


def _of_schemas() -> Iterator[tuple[str, str]]:
    for name in schema_names():
        for requirement in sorted(requirements_of(name)):
            yield requirement, f"schema: schemas/{name}.schema.json"


def _of_rules() -> Iterator[tuple[str, str]]:
    for rule in discover():
        yield rule.requirement, f"rule: {rule.__name__} ({rule.__module__.replace('.', '/')}.py)"


def _of_features() -> Iterator[tuple[str, str]]:
    from pytest_bdd.parser import FeatureParser  # late: it brings pytest along

    for path in sorted(features_folder().glob("*.feature")):
        feature = FeatureParser(str(path.parent), path.name).parse()
        for scenario in feature.scenarios.values():
            for tag in sorted(scenario.rule.tags if scenario.rule else ()):
                yield tag, f"scenario: {scenario.name} (features/{path.name}:{scenario.line_number})"


def unchecked(contract: Contract) -> list[str]:
    """Return, for each requirement that nothing enforces, one sentence that says what to write."""
    return [
        f"{each.id} ({each.page}:{each.line}) is enforced by nothing: {where_to_check(each)}"
        for each in contract.values()
        if each.id not in checked_requirements()
    ]


def where_to_check(requirement: Requirement) -> str:
    """Say where a check of *requirement* is written, by where the others of its area are."""
    schema = _commonest(r"schemas/\S+\.json", requirement.area)
    feature = _commonest(r"features/\S+\.feature", requirement.area)
    return (
        f"add `x-requirement` to the schema of its record{f' (such as {schema})' if schema else ''}, "
        f"a module in logconform/rules/, or a Rule `@{requirement.id}` in {feature or 'features/'}; "
        f"CONTRIBUTING.md says which{', and that a MUST has a Rule in any case' * (requirement.level is Level.MUST)}"
    )


def _commonest(pattern: str, area: str) -> str:
    near = [text for name, text in _all_checks() if name.rstrip("0123456789") == area]
    found = Counter(match[0] for text in near if (match := re.search(pattern, text)))
    return found.most_common(1)[0][0] if found else ""


def unwritten(contract: Contract) -> list[str]:
    """Return, for each check of a requirement that no page has, one sentence that says which."""
    return [
        f"no page of docs/contract/ has {name}, which this checks: {text}"
        for name, text in _all_checks()
        if name not in contract
    ]
