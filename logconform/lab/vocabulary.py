"""The vocabulary of features: each step's text once, with what it does to a worker or asks of its log."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pytest_bdd
from pytest_bdd import parsers

from logconform.findings import Finding
from logconform.lab.evidence import Seen
from logconform.lab.stage import Stage

Stimulus = Callable[..., None]


class FeatureError(ValueError):
    """A scenario that can't be run as it is written; says which, and how it would do."""


Question = Callable[..., Iterable[Finding | None]]


@dataclass(frozen=True, slots=True)
class Known:
    """A step that acts: its parser and its function."""

    parser: Any
    act: Stimulus


STIMULI: list[Known] = []


def stimulus(text: str) -> Callable[[Stimulus], Stimulus]:
    """
    Define a Given or When step: a function of the stage and the step's parameters.

    It runs before the scenario does, together with those of all others; when
    the scenario comes to the step, it only reports how that went.
    """

    def define(act: Stimulus) -> Stimulus:
        parser = parsers.parse(text)
        STIMULI.append(Known(parser, act))
        pytest_bdd.step(parser, stacklevel=2)(_replay)
        return act

    return define


def question(text: str) -> Callable[[Question], Question]:
    """Define a Then step: a function of what was seen and the step's parameters, which yields checks."""

    def define(ask: Question) -> Question:
        parser = parsers.parse(text)
        names = re.findall(r"{(\w+)}", text)
        pytest_bdd.then(parser, stacklevel=2)(_asking(ask, names))
        return ask

    return define


def perform(stage: Stage, text: str) -> None:
    """
    Do what a Given or When step says.

    Raises:
        FeatureError: If no step has this text, or its step knows nothing of this value.
    """
    for known in STIMULI:
        if known.parser.is_matching(text):
            values = known.parser.parse_arguments(text)
            try:
                known.act(stage, **values)
            except KeyError as error:
                if error.args[0] in values.values():
                    raise FeatureError(f"{text}: the step is there, but doesn't know {error}") from error
                raise
            return
    nearest = get_close_matches(text, [known.parser.name for known in STIMULI], n=1, cutoff=0.7)
    hint = f"did you mean: {nearest[0]}" if nearest else "features/steps/ has those that are"
    raise FeatureError(f"no step is defined for: {text} ({hint})")


def keyword_arguments(text: str) -> dict[str, Any]:
    """
    Read the keyword arguments that a step writes as JSON.

    Raises:
        FeatureError: If it is no JSON object.

    >>> keyword_arguments('{"tenant_id": "acme"}')
    {'tenant_id': 'acme'}
    """
    try:
        arguments = json.loads(text)
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise FeatureError(f'{text}: keyword arguments are written as JSON, such as {{"tenant_id": "acme"}}')
    return arguments


def _replay(stimulated: Any) -> None:
    stimulated.replay()


def _asking(ask: Question, names: list[str]) -> Callable[..., None]:
    """Make a step function whose signature names the fixtures and the step's parameters, as pytest-bdd wants it."""

    def step(seen: Seen, conclude: Callable[[Iterable[Finding | None]], None], **parameters: str) -> None:
        conclude(ask(seen, **parameters))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind) for name in ("seen", "conclude", *names)]
    step.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return step


__all__ = ["FeatureError", "Seen", "Stage", "keyword_arguments", "perform", "question", "stimulus"]
