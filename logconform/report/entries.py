"""
The parts of a report as JSON-ready dictionaries.

Free text is redacted once more here, whoever wrote it: this is the last place before it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logconform.contract import Contract
from logconform.findings import Cause, Finding, Places
from logconform.records import Place
from logconform.report.results import Environment, ScenarioResult
from logconform.secrets import redact_text

EVENT_SHOWN = 200
"""Characters of a logger's name, an event or a shape that are kept: an event may be a whole text."""


def environment_entry(environment: Environment) -> dict[str, Any]:
    """Return the entry of an environment."""
    return _object(
        name=environment.name,
        pool=environment.pool,
        broker=_redacted(environment.broker),
        versions=dict(sorted(environment.versions.items())),
        skipped=_redacted(environment.skipped),
    )


def finding_entry(contract: Contract, finding: Finding) -> dict[str, Any]:
    """Return the entry of a finding."""
    finding = finding.sealed()
    return _object(
        requirement=finding.requirement,
        level=str(contract[finding.requirement].level),
        message=redact_text(finding.message),
        **_place(finding.place),
        task_id=finding.task_id,
        evidence=redact_text(finding.evidence),
        fix=finding.fix,
        environment=finding.environment,
        scenario=finding.scenario,
    )


def cause_entry(contract: Contract, environment: str, cause: Cause, places: Places) -> dict[str, Any]:
    """Return the entry of a cause: what its first finding says, and where the first of them are."""
    requirement, logger, event, shape = cause
    first = places.first[0] if places.first else Finding(requirement, shape)
    return _object(
        requirement=requirement,
        level=str(contract[requirement].level),
        message=redact_text(first.message),
        logger=_cut(logger),
        event=_cut(event),
        shape=_cut(shape),
        fix=first.fix,
        environment=environment,
        total=places.total,
        places=[_of_cause(each.sealed()) for each in places.first],
    )


def scenario_entry(result: ScenarioResult) -> dict[str, Any]:
    """Return the entry of a scenario."""
    return _object(
        id=result.id,
        short_id=result.short_id,
        feature=result.feature,
        rule=result.rule,
        name=result.name,
        requirement=result.requirement,
        environment=result.environment,
        outcome=result.outcome,
        reason=_redacted(result.reason),
        runs=result.runs,
        failed=result.failed,
        reproduce=_redacted(result.reproduce),
        steps=[{"keyword": each.keyword, "text": each.text, "status": each.status} for each in result.steps],
        evidence=[{"text": redact_text(each.text), **_place(each.place)} for each in result.evidence],
        duration_s=round(result.duration_s, 3),
    )


def _of_cause(finding: Finding) -> dict[str, Any]:
    return {
        **_place(finding.place),
        "task_id": finding.task_id,
        "evidence": redact_text(finding.evidence),
        "message": redact_text(finding.message),
        "scenario": finding.scenario,
    }


def _cut(text: str | None) -> str | None:
    if text is None:
        return None
    shown = redact_text(text)
    return shown if len(shown) <= EVENT_SHOWN else shown[:EVENT_SHOWN] + "…"


def _redacted(text: str | None) -> str | None:
    return None if text is None else redact_text(text)


def _place(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"path": None, "line": None, "offset": None}
    return {"path": place.path, "line": place.line, "offset": place.offset}


def _object(**members: Any) -> dict[str, Any]:
    return {name: clean(value) for name, value in members.items()}


def clean(value: Any) -> Any:
    """Make every text in *value* valid Unicode: file names and evidence may hold lone surrogates."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(name)): clean(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(each) for each in value]
    return value


def clean_text(value: str) -> str:
    """Return *value* as valid Unicode: file names and evidence may hold lone surrogates."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
