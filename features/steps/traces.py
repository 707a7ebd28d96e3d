"""Steps about OpenTelemetry's traces. No collector is needed: the span is made of two numbers."""

from __future__ import annotations

import secrets

from logconform.lab.audits import tracing
from logconform.lab.stage import NotExercised, Stage
from logconform.lab.vocabulary import question, stimulus


@stimulus("a task that was sent within a trace speaks inside and outside a span")
def traced(stage: Stage) -> None:
    stage.need_profile("tracing")
    trace, inside = secrets.token_hex(16), secrets.token_hex(16)
    sent = stage.run(
        "task",
        "traced",
        options={"headers": {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}},
        facts={"trace_id": trace, "inside": inside},
        trace_id=inside,
        span_id=secrets.token_hex(8),
    )
    if any(event["task_id"] == sent.task_id for event in stage.worker.truth.of_kind("no_tracing")):
        raise NotExercised("the worker's environment has no OpenTelemetry; install logconform[opentelemetry] there")


question("its records carry the span that is active")(tracing.active_span_is_carried)
question("where no span is active, its records have neither trace nor span")(tracing.nothing_without_span)
question("its records belong to the trace of its sender")(tracing.producers_trace_goes_on)
