"""What a run is limited to: requirements and single scenarios, each by its identifier."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256

from logconform.config import ConfigError, suggestion

_SHORT_ID = re.compile(r"([A-Za-z]+\d+)-([0-9A-Fa-f]+)")


def short_id(requirement: str, name: str) -> str:
    """
    Return the identifier of a scenario: its requirement, and a digest of its name with the values of its example.

    It stays when features are moved or reordered, and is the same in every
    environment and on every machine.

    >>> short_id("CTX005", "A task without a tenant follows one that fails")
    'CTX005-9ddc'
    """
    return f"{requirement}-{sha256(name.encode()).hexdigest()[:4]}"


@dataclass(frozen=True, slots=True)
class Selection:
    """What `--only` names; nothing means everything."""

    requirements: frozenset[str] = frozenset()
    scenarios: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.requirements or self.scenarios)

    def takes(self, requirement: str, scenario: str) -> bool:
        """Whether a scenario of *requirement* is to run."""
        return not self or requirement in self.requirements or scenario in self.scenarios

    @property
    def judged(self) -> set[str]:
        """The requirements that it is about."""
        return {*self.requirements, *(each.partition("-")[0] for each in self.scenarios)}

    def check_scenarios(self, known: Collection[str]) -> None:
        """
        Refuse scenarios that are not among *known*.

        Raises:
            ConfigError: With the scenarios of the same requirement.
        """
        for each in sorted(self.scenarios - set(known)):
            alike = sorted(name for name in known if name.startswith(f"{each.partition('-')[0]}-"))
            those = f"; its requirement has {', '.join(alike)}" if alike else "; its requirement has no scenario"
            raise ConfigError(f"--only: no scenario {each}{suggestion(each, alike)}{those}")


EVERYTHING = Selection()


def selection(given: Iterable[str], requirements: Collection[str]) -> Selection:
    """
    Read what `--only` was given: identifiers, in any case, separated by commas.

    Raises:
        ConfigError: If one is not of a requirement among *requirements*, with the one that is probably meant.

    >>> selection(["ctx005,RETRY003-8C1D"], ["CTX005", "RETRY003"]).scenarios
    frozenset({'RETRY003-8c1d'})
    """
    words = [word.strip() for each in given for word in each.split(",") if word.strip()]
    scenarios = {word: found for word in words if (found := _SHORT_ID.fullmatch(word))}
    for word in words:
        name = (scenarios[word][1] if word in scenarios else word).upper()
        if name not in requirements:
            hint = suggestion(name, sorted(requirements))
            raise ConfigError(f"--only: no requirement is called {name}{hint}; see the contract")
    return Selection(
        frozenset(word.upper() for word in words if word not in scenarios),
        frozenset(f"{found[1].upper()}-{found[2].lower()}" for found in scenarios.values()),
    )
