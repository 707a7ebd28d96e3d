"""The vocabulary of features: what a scenario gets to hear that can't be run as it is written."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_bdd import parsers

from logconform.lab import vocabulary
from logconform.lab.vocabulary import FeatureError, Known, perform

RETURNS = {"nothing": None}


def returns(stage: Any, value: str) -> None:
    stage.append(RETURNS[value])


def slips(stage: Any) -> None:
    stage.append({}["seen"])


@pytest.fixture(autouse=True)
def vocabulary_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Known(parsers.parse("a task returns {value}"), returns), Known(parsers.parse("a task slips"), slips)]
    monkeypatch.setattr(vocabulary, "STIMULI", known)


REFUSED = [
    ("a task returns a wombat", "a task returns a wombat: the step is there, but doesn't know 'a wombat'"),
    ("a task slipps", "no step is defined for: a task slipps (did you mean: a task slips)"),
    ("the moon rises", "no step is defined for: the moon rises (features/steps/ has those that are)"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_step_that_is_not_known_is_refused(text: str, message: str) -> None:
    """Its text is told, and what was probably meant."""
    with pytest.raises(FeatureError) as caught:
        perform([], text)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_slip_in_a_step_is_not_the_scenarios() -> None:
    """A KeyError of something that the scenario didn't say stays what it is."""
    with pytest.raises(KeyError, match="seen"):
        perform([], "a task slips")  # type: ignore[arg-type]
