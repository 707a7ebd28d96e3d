"""A failure record whose `error` and `exception` tell of different exceptions."""

from __future__ import annotations

import re

from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History

_LINE = re.compile(r"^[\s|+-]*((?:[^\W\d]\w*\.|<locals>\.)*[^\W\d]\w*)(?::|$|\s*\()", re.MULTILINE)
_TYPE = re.compile(r"^((?:[^\W\d]\w*\.|<locals>\.)*[^\W\d]\w*)(?::|$)")


class ErrorUnlikeTraceback(TaskRule):
    """`error` names an exception that its own traceback does not show as raised, or there is no whole traceback."""

    requirement = "FAIL003"
    fix = "Format both from the exception that the `task_failure` signal hands over."

    def check(self, history: History) -> Outcomes:
        for record in [*history.failures, *history.exhaustions]:
            error, text = record.get("error"), record.get("exception")
            shown = is_shown(error, text) if isinstance(error, str) and isinstance(text, str) else None
            if shown is None or record.get("truncated") is True:
                continue
            kind = str(error).partition(":")[0].rsplit(".", 1)[-1]
            message = f"error names {kind}, which the traceback in `exception` does not show"
            yield None if shown else self.finding(message, record)


def is_shown(error: str, traceback: str) -> bool | None:
    """Whether a traceback shows the exception that *error* names; None where it names none."""
    named = _TYPE.match(error)
    if named is None:
        return None
    kind = named.group(1).rsplit(".", 1)[-1]
    return kind in {match.group(1).rsplit(".", 1)[-1] for match in _LINE.finditer(traceback)}
