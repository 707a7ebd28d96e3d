"""What `--only` takes, and the identifiers of scenarios."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from pytest_bdd.parser import FeatureParser

from logconform.config import ConfigError
from logconform.contract import load_contract
from logconform.lab.selection import EVERYTHING, Selection, selection, short_id

FEATURES = Path(__file__).parents[2] / "features"
KNOWN = ["CTX005", "CTX006", "RETRY003"]


def every_scenario() -> list[tuple[str, str]]:
    """Return requirement and name of each scenario, each example of an outline by itself."""
    contract, found = load_contract(), []
    for path in sorted(FEATURES.glob("*.feature")):
        for template in FeatureParser(str(path.parent), path.name).parse().scenarios.values():
            examples = [row for table in template.examples for row in table.as_contexts()] or [{}]
            for row in examples:
                scenario = template.render(row)
                tags = set(scenario.tags) | set(scenario.rule.tags if scenario.rule else ())
                [requirement] = [tag for tag in tags if tag in contract]
                found.append((requirement, scenario.name))
    return found


def test_no_two_scenarios_have_the_same_identifier() -> None:
    """The name tells the scenarios of a requirement apart, and so does its digest."""
    counts = Counter(short_id(*each) for each in every_scenario())
    assert len(counts) > 200
    assert [name for name, times in counts.items() if times > 1] == []


def test_an_identifier_is_stable() -> None:
    """It follows from requirement and name alone: reports and CI configurations name it."""
    assert short_id("CTX005", "a task fails") == "CTX005-d085"
    assert short_id("CTX006", "a task fails") == "CTX006-d085"


def test_the_identifiers_that_are_documented_exist() -> None:
    """Whoever tries an example runs a scenario."""
    root = FEATURES.parent
    pages = [*(root / "docs" / "how-to").glob("*.md"), root / "README.md", root / "logconform" / "cli" / "run.py"]
    named = {name for page in pages for name in re.findall(r"\b[A-Z]+\d{3}-[0-9a-f]{4}\b", page.read_text("utf-8"))}
    assert named
    assert named <= {short_id(*each) for each in every_scenario()}


@pytest.mark.parametrize(
    ("given", "requirements", "scenarios"),
    [
        ([], set(), set()),
        (["CTX005"], {"CTX005"}, set()),
        (["ctx005, retry003"], {"CTX005", "RETRY003"}, set()),
        (["ctx005-3F2A", "CTX006,RETRY003-0000"], {"CTX006"}, {"CTX005-3f2a", "RETRY003-0000"}),
    ],
)
def test_what_is_given_is_read(given: list[str], requirements: set[str], scenarios: set[str]) -> None:
    """In any case, repeated or separated by commas."""
    assert selection(given, KNOWN) == Selection(frozenset(requirements), frozenset(scenarios))


def test_a_selection_takes_what_it_names() -> None:
    """All scenarios of a requirement, or single ones; nothing named takes everything."""
    chosen = selection(["CTX006,CTX005-3f2a"], KNOWN)
    taken = [each for each in ("CTX005-3f2a", "CTX005-0000", "CTX006-1111") if chosen.takes(each[:6], each)]
    assert taken == ["CTX005-3f2a", "CTX006-1111"]
    assert chosen.judged == {"CTX005", "CTX006"}
    assert EVERYTHING.takes("RETRY003", "RETRY003-0000")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("CXT005", "--only: no requirement is called CXT005 (did you mean CTX005?); see the contract"),
        ("retry3-0000", "--only: no requirement is called RETRY3 (did you mean RETRY003?); see the contract"),
        ("context.feature:42", "--only: no requirement is called CONTEXT.FEATURE:42; see the contract"),
    ],
)
def test_a_slip_in_a_requirement_is_told(given: str, message: str) -> None:
    """With the requirement that is probably meant."""
    with pytest.raises(ConfigError) as caught:
        selection([given], KNOWN)
    assert str(caught.value) == message


def test_a_slip_in_a_scenario_is_told() -> None:
    """With the scenarios of its requirement, and the one that is probably meant."""
    with pytest.raises(ConfigError) as caught:
        selection(["ctx005-3f2b"], KNOWN).check_scenarios(["CTX005-3f2a", "CTX005-0000", "CTX006-1111"])
    assert str(caught.value) == (
        "--only: no scenario CTX005-3f2b (did you mean CTX005-3f2a?); its requirement has CTX005-0000, CTX005-3f2a"
    )
