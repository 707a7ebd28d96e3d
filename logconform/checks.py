"""Which checks enforce a requirement: reader, schemas, rules, scenarios. Found, never listed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from logconform.contract import Contract
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
        f"{requirement.id} ({requirement.page}:{requirement.line}) is enforced by nothing: add `x-requirement` to the "
        f"schema of its record, a module in logconform/rules/, or a `@{requirement.id}` Rule in features/"
        for requirement in contract.values()
        if requirement.id not in checked_requirements()
    ]
