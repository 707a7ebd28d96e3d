"""Contract and checks hold each other: nothing is promised unchecked, and nothing is checked that nobody promised."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_bdd.parser import FeatureParser, ScenarioTemplate

from logconform import checks, rules
from logconform.contract import ContractError, Level, load_contract
from logconform.rules import Rule

FEATURES = Path(__file__).parents[2] / "features"
LATER: dict[str, str] = {}
"""Requirements that nothing checks yet, each with the reason. One that is checked must go from here."""
COMPLETE_AREAS = (
    "FMT",
    "CTX",
    "START",
    "EXEC",
    "DONE",
    "FAIL",
    "RETRY",
    "PROG",
    "RES",
    "SAFE",
    "SINK",
    "LIFE",
    "TRACE",
)
"""Areas in which every MUST has a scenario."""


def scenarios() -> Iterator[tuple[str, ScenarioTemplate]]:
    for path in sorted(FEATURES.glob("*.feature")):
        feature = FeatureParser(str(FEATURES), path.name).parse()
        yield from ((path.name, scenario) for scenario in feature.scenarios.values())


def test_every_requirement_has_a_check() -> None:
    """A requirement whose sentence is written and whose check is not fails here, with what is missing."""
    missing = [text for text in checks.unchecked(load_contract()) if text.split()[0] not in LATER]
    assert missing == []


def test_what_is_said_to_come_later_is_not_there_yet() -> None:
    """The list of what is missing is true: a requirement that got its check is struck off."""
    assert sorted(set(LATER) & checks.checked_requirements()) == []
    assert sorted(set(LATER) - set(load_contract())) == []


def test_every_check_names_a_requirement_of_the_contract() -> None:
    """A check for a requirement that is nowhere written accuses by a law that nobody knows."""
    assert checks.unwritten(load_contract()) == []


def test_removing_a_check_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above bites: without its rule, a requirement that only a rule enforces is reported with its page."""
    kept = tuple(rule for rule in checks.discover() if rule.requirement != "SAFE004")
    monkeypatch.setattr(checks, "discover", lambda: kept)
    checks._all_checks.cache_clear()
    try:
        missing = [text for text in checks.unchecked(load_contract()) if text.startswith("SAFE004")]
    finally:
        checks._all_checks.cache_clear()
    assert len(missing) == 1
    assert "contract/safety.md" in missing[0]
    assert "a Rule `@SAFE004` in features/safety.feature" in missing[0]


def test_a_check_of_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule whose requirement is misspelled is told with its file."""

    class Misspelled(Rule):
        requirement = "DONE08"

    monkeypatch.setattr(checks, "discover", lambda: (Misspelled,))
    checks._all_checks.cache_clear()
    try:
        told = next(each for each in checks.unwritten(load_contract()) if "Misspelled" in each)
    finally:
        checks._all_checks.cache_clear()
    assert told.startswith("no page of docs/contract/ has DONE08, which this checks: rule: Misspelled (")


def test_a_rule_without_requirement_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With its file, its line, and the remedy."""
    module = tmp_path / "nameless.py"
    module.write_text("from logconform.rules.base import TaskRule\n\n\nclass Nameless(TaskRule):\n    fix = 'x'\n")
    monkeypatch.setattr(rules, "__path__", [str(tmp_path)])
    try:
        with pytest.raises(ContractError, match=f"{module}:4: the rule Nameless names no requirement; add "):
            rules.discover.__wrapped__()
    finally:
        sys.modules.pop("logconform.rules.nameless", None)


@pytest.mark.parametrize("area", COMPLETE_AREAS)
def test_every_must_of_an_area_has_a_scenario(area: str) -> None:
    """In the areas of the guide each MUST is exercised by a real worker, not only read off a sample."""
    exercised = {tag for _, scenario in scenarios() for tag in (scenario.rule.tags if scenario.rule else ())}
    missing = [
        f"{each.id} ({each.page}:{each.line}) has no scenario: write a Rule `@{each.id}` in features/"
        for each in load_contract().values()
        if each.area == area and each.level is Level.MUST and each.id not in exercised
    ]
    assert missing == []


def test_a_scenario_is_about_one_requirement() -> None:
    """Its Rule carries exactly one tag, which is a requirement."""
    wrong = [
        (name, scenario.name)
        for name, scenario in scenarios()
        if scenario.rule is None or len(scenario.rule.tags) != 1 or not scenario.rule.tags <= set(load_contract())
    ]
    assert wrong == []


def test_no_scenario_is_lost_to_a_name() -> None:
    """pytest-bdd keeps one scenario per name and feature: two of one name would silently be one."""
    for path in sorted(FEATURES.glob("*.feature")):
        names = re.findall(r"^\s*Scenario(?: Outline)?: (.*)$", path.read_text("utf-8"), re.MULTILINE)
        assert [name for name, count in Counter(names).items() if count > 1] == [], path.name


def test_scenarios_are_short() -> None:
    """Three to five steps each: circumstances belong into the scenario's name."""
    long = [(name, scenario.name) for name, scenario in scenarios() if not 3 <= len(scenario.steps) <= 5]
    assert long == []


def test_every_step_text_is_defined_once() -> None:
    """Two definitions of one text would make the first one that is found the meaning."""
    texts = Counter(
        text
        for path in sorted((FEATURES / "steps").glob("*.py"))
        for text in re.findall(
            r"^@?(?:stimulus|question)\((['\"])(.*?)\1\)(?:\(|$)", path.read_text("utf-8"), re.MULTILINE
        )
    )
    assert [text for text, count in texts.items() if count > 1] == []
    assert len(texts) > 50


def test_every_rule_says_what_it_finds_and_how_to_mend_it() -> None:
    """Docstring and fix are what `explain` and the findings show."""
    bare = [rule.__name__ for rule in checks.discover() if not rule.__doc__ or not rule.fix]
    assert bare == []
