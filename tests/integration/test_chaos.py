"""The reference worker in a small storm: nothing lost, nothing said twice, nothing crossed."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.account import account
from tests.chaos.storm import rage

TASKS = 600


def test_a_storm_is_accounted_for(tmp_path: Path) -> None:
    """Children are killed, the log rotates, the broker restarts; the log tells of every task what happened to it."""
    told = account(rage(tmp_path, TASKS, seed=1, say=lambda _: None))
    assert told.violations == []
    assert told.warnings == []
    assert (told.sent, told.restarts) == (TASKS, 1)
    assert told.kills >= 1
    assert told.files > 1
    assert told.records > 6 * TASKS
    assert told.lost + told.cut <= 10 * (told.kills + told.restarts)
