"""A small report with one of each status, hostile evidence, and two environments of which one did not run."""

from __future__ import annotations

from datetime import date
from typing import Any

from logconform.config import Waiver
from logconform.contract import load_contract
from logconform.findings import Finding, Verdict
from logconform.records import Place
from logconform.report.model import Environment, EvidenceLine, ScenarioResult, Step, build_report

HOSTILE = (
    "</code></pre></details><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
    " **bold** [link](javascript:alert(1)) {{ config }} {% raw %} <!-- logconform: report -->"
    ' <div data-report="findings"></div> &lt;b&gt; \x1b[31m \u2028 \x00'
)
"""Evidence that would be markup for HTML, Markdown, Jinja, a terminal, or the page's own slots."""

RETRYING = (
    '{"timestamp": "2025-09-12T20:12:03.008182Z", "level": "warning", "service": "worker",'
    ' "logger": "billing.tasks", "event": "Task failed, retrying", "task_id": "3f1c8e0a-7f0b-4c1f-9b53-2f8f6d0f7a11",'
    ' "retry_count": 3, "max_retries": 3}\n'
)
TASK = "3f1c8e0a-7f0b-4c1f-9b53-2f8f6d0f7a11"


def sample_report(*, conforms: bool = False) -> dict[str, Any]:
    """Return a report; one that *conforms* has no violation."""
    verdict = Verdict()
    for name in load_contract():
        if not name.startswith(("SINK", "TRACE", "PROG", "RES")):
            verdict.checked(name, 12)
    verdict.undecided("LIFE001", 2)
    if not conforms:
        _break(verdict)
    return build_report(
        load_contract(),
        {"prefork-embedded": verdict, "threads-embedded": Verdict()},
        subject={"kind": "app", "app": "billing.celery_app:app"},
        environments=[
            Environment("prefork-embedded", "prefork", "embedded", {"celery": "5.5.3", "python": "3.11.9"}),
            Environment("threads-embedded", "threads", "embedded", {}, skipped="the worker did not start"),
        ],
        scenarios=_scenarios(conforms),
        waivers=[] if conforms else [Waiver("FMT017", "A C library prints to standard error.", date(2100, 1, 1))],
        reasons={"SINK003": "no log file is configured"},
        today=date(2026, 1, 1),
    )


def _break(verdict: Verdict) -> None:
    for line in (12, 48):
        verdict.found(
            Finding(
                "RETRY003",
                "says it is retrying, but no further execution follows",
                Place("worker.log", line, line * 200),
                TASK,
                RETRYING,
                "write the record from the `task_retry` signal, not from the task's exception handler",
            )
        )
    verdict.found(Finding("FMT001", HOSTILE, Place("worker.log", 3, 600), None, HOSTILE, HOSTILE))
    verdict.found(Finding("FMT012", "the record has 20,001 bytes", Place("worker.log", 5, 900), TASK))
    verdict.found(Finding("FMT017", "standard error has a line that is no record", Place("stderr", 1, 0)))


def _scenarios(conforms: bool) -> list[ScenarioResult]:
    steps = [
        Step("Given", "a task that fails every time and may be retried 3 times", "passed"),
        Step("When", "it has used up its retries", "passed"),
        Step("Then", "its last execution does not say that it retries", "passed" if conforms else "failed"),
    ]
    retries = ScenarioResult(
        id="features/retry.feature::a task uses up its retries",
        feature="Retries",
        rule="Only a retried execution says that it is retrying",
        name="a task uses up its retries",
        requirement="RETRY003",
        environment="prefork-embedded",
        outcome="passed" if conforms else "violated",
        reason=None if conforms else "says it is retrying, but no further execution follows",
        steps=steps,
        evidence=[EvidenceLine(RETRYING, Place("worker.log", 12, 2400))],
        duration_s=0.412,
    )
    hostile = ScenarioResult(
        id=f"features/context.feature::{HOSTILE}",
        feature="Context binding",
        rule="Context never crosses executions",
        name=f"a task for {HOSTILE}",
        requirement="CTX005",
        environment="prefork-embedded",
        outcome="passed",
        steps=[Step("When", HOSTILE, "passed")],
        evidence=[EvidenceLine(HOSTILE, Place("worker.log", 7, 1400)), EvidenceLine("no place", None)],
        duration_s=1.25,
    )
    return [retries, hostile]
