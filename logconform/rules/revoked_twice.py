"""A revocation that is announced twice."""

from __future__ import annotations

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History


class RevokedTwice(TaskRule):
    """A revoked task has more than one `Task revoked`."""

    requirement = "LIFE002"
    fix = "Remember the ids of revocations that were written."

    def check(self, history: History) -> Outcomes:
        revoked = history.revocations
        if revoked:
            yield self.finding("the revocation is announced a second time", revoked[1]) if revoked[1:] else None
