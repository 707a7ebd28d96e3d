"""All outcomes, family by family."""

from __future__ import annotations

from tests.outcomes.bodies import ENDINGS, RETRIES
from tests.outcomes.cut_off import LIMITS, PROCESSES, REVOCATIONS, SHUTDOWNS
from tests.outcomes.messages import COMPOSED, REFUSED
from tests.outcomes.outcome import Family, Outcome

FAMILIES: tuple[Family, ...] = (ENDINGS, RETRIES, LIMITS, PROCESSES, REVOCATIONS, REFUSED, COMPOSED, SHUTDOWNS)
OUTCOMES: dict[str, Outcome] = {each.name: each for family in FAMILIES for each in family.outcomes}
