"""What goes into a report: the environments and how their scenarios came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logconform.records import Place


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a log stream came from. `skipped` says why nothing ran there."""

    name: str
    pool: str | None = None
    broker: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a scenario; `status` is `passed`, `failed` or `skipped`."""

    keyword: str
    text: str
    status: str


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One line of a log, already redacted."""

    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """
    How a scenario came out in one environment.

    `outcome` is as a requirement's status, without `waived`, or `flaky`: it
    failed in some of several runs and passed in others. `short_id` is what
    `--only` takes, `reproduce` the command that runs it again. An exercise has
    no requirement of its own.
    """

    id: str
    feature: str
    rule: str
    name: str
    requirement: str | None
    environment: str
    outcome: str
    reason: str | None = None
    steps: Sequence[Step] = ()
    evidence: Sequence[EvidenceLine] = ()
    duration_s: float = 0.0
    short_id: str | None = None
    runs: int = 1
    failed: int = 0
    reproduce: str | None = None
