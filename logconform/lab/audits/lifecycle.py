"""Audits of what announces an execution and its ending (START, DONE, FAIL, RETRY)."""

from __future__ import annotations

from typing import Any

from logconform.lab.evidence import Checks, Seen, Sent, fault, said, show
from logconform.lab.truth import Execution
from logconform.records import Record
from logconform.schemas import check_record

STARTING, COMPLETED, FAILED = "Task starting", "Task completed", "Task failed"
FIXES = {
    "Task starting": "Write it to standard output, once, from the `task_prerun` signal.",
    "Task completed": "Write it to standard output, once, from the `task_success` signal.",
    "Task failed": "Write it to standard output, once, from `task_failure`: it also fires in the main process.",
    "Task failed, retrying": "Write it to standard output, once, from the `task_retry` signal.",
    "Task failed permanently after max retries": (
        "Write it from `task_failure` where `request.retries` has reached the `max_retries` in force."
    ),
}
RETRYING, EXHAUSTED = "Task failed, retrying", "Task failed permanently after max retries"


def schema_holds(seen: Seen, requirement: str, event: str) -> Checks:
    """The records of one event, of the scenario's tasks, have the members they must have."""
    for sent in seen.sent:
        for record in seen.log.by_task.get(sent.task_id, []):
            if record.event != event:
                continue
            checked, findings = check_record(record)
            own = [finding for finding in findings if finding.requirement == requirement]
            if own:
                yield from own
            elif requirement in checked:
                yield None


def body_holds(seen: Seen, requirement: str) -> Checks:
    """The records that the tasks' bodies wrote have the members they must have."""
    for sent in seen.sent:
        for record in seen.spoken(sent):
            checked, findings = check_record(record)
            own = [finding for finding in findings if finding.requirement == requirement]
            if own:
                yield from own
            elif requirement in checked:
                yield None


def starts_once(seen: Seen) -> Checks:
    """Each execution has exactly one start record, before any record that its body writes."""
    for sent in seen.sent:
        starts, executions = seen.lifecycle(sent, STARTING), seen.executions(sent)
        yield _as_many(starts, len(executions), STARTING, sent, "executions")
        for execution, start in zip(executions, starts, strict=False):
            body = [record for record in seen.spoken(sent) if said(record, "attempt") == execution.retries]
            early = [record for record in body if record.place.offset < start.place.offset]
            yield _unless(early, "was written by the task's body before its `Task starting`")


def arguments_are_counted(seen: Seen) -> Checks:
    """`args_count` and `kwargs_keys` are what the task was called with."""
    for sent in seen.sent:
        for execution, start in zip(seen.executions(sent), seen.lifecycle(sent, STARTING), strict=False):
            called = execution.prerun
            if start.get("args_count") != called["args_count"]:
                yield fault(
                    f"args_count is {show(start.get('args_count'))}; the task was called with "
                    f"{called['args_count']} positional arguments",
                    start,
                )
                continue
            keys = start.get("kwargs_keys")
            if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(called["kwargs_keys"]):
                yield fault(f"kwargs_keys is {keys}; the task was called with {sorted(called['kwargs_keys'])}", start)
                continue
            yield None


def no_argument_values(seen: Seen) -> Checks:
    """No value of an argument stands in a start record, other than the identifiers of its context."""
    for sent in seen.sent:
        for start in seen.lifecycle(sent, STARTING):
            shown = [value for value in sent.facts["values"] if value.encode() in start.raw]
            yield _unless([start] if shown else [], f"shows the argument values {shown}")


def further_executions_say_so(seen: Seen) -> Checks:
    """A retry's start record has `retry_count` of at least 1."""
    for sent in seen.sent:
        for execution, start in zip(seen.executions(sent), seen.lifecycle(sent, STARTING), strict=False):
            count = start.get("retry_count")
            if execution.retries and not (isinstance(count, int) and count >= 1):
                yield fault(f"retry_count is {show(count)} on a retry", start)
            elif execution.retries:
                yield None


def completes_once(seen: Seen) -> Checks:
    """Each execution that ended in SUCCESS has exactly one completion, after every record of its body."""
    for sent in seen.sent:
        succeeded = [execution for execution in seen.executions(sent) if execution.state == "SUCCESS"]
        completions = seen.lifecycle(sent, COMPLETED)
        if not succeeded:
            continue
        yield _as_many(completions, len(succeeded), COMPLETED, sent, "executions that ended in SUCCESS")
        if completions:
            late = [record for record in seen.spoken(sent) if record.place.offset > completions[-1].place.offset]
            yield _unless(late, "was written by the task's body, but stands after its `Task completed`")


def completes_nothing_else(seen: Seen) -> Checks:
    """An execution that did not end in SUCCESS has no completion."""
    for sent in seen.sent:
        if sent.task_id not in seen.log.by_task:
            continue
        succeeded = sum(execution.state == "SUCCESS" for execution in seen.executions(sent))
        endings = ", ".join(str(execution.state) for execution in seen.executions(sent)) or "no execution"
        surplus = seen.lifecycle(sent, COMPLETED)[succeeded:]
        yield _unless(
            surplus,
            f"says that the task completed; it ended in {endings}",
            fix="Write `Task completed` from `task_success`, or from `task_postrun` only where state is SUCCESS.",
        )


def return_values_are_told(seen: Seen) -> Checks:
    """`has_return_value` is true exactly when the task returned something other than None."""
    for sent in seen.sent:
        succeeded = [execution for execution in seen.executions(sent) if execution.state == "SUCCESS"]
        for execution, completion in zip(succeeded, seen.lifecycle(sent, COMPLETED), strict=False):
            said = completion.get("has_return_value")
            if said is execution.returned:
                yield None
            else:
                yield fault(
                    f"has_return_value is {show(said)}; the task returned {sent.facts.get('returns')!r}",
                    completion,
                    fix="Compare with None: `retval is not None`.",
                )


def no_return_value(seen: Seen) -> Checks:
    """A completion does not carry the return value."""
    for sent in seen.sent:
        secret = str(sent.facts["returns"]).encode()
        for completion in seen.lifecycle(sent, COMPLETED):
            yield _unless([completion] if secret in completion.raw else [], "carries the task's return value")


def durations_agree(seen: Seen) -> Checks:
    """`duration_ms` agrees with the time between the oracle's prerun and postrun."""
    for sent in seen.sent:
        for execution, completion in zip(seen.executions(sent), seen.lifecycle(sent, COMPLETED), strict=False):
            if execution.postrun is None:
                continue
            told = completion.get("duration_ms")
            real = 1_000 * (execution.postrun["at"] - execution.prerun["at"])
            if not isinstance(told, int | float):
                yield fault(f"duration_ms is {show(told)}", completion)
            elif abs(told - real) > max(50.0, 0.1 * real):
                yield fault(f"duration_ms is {told}; the execution took {real:.0f} ms", completion)
            else:
                yield None


def endings_carry_context(seen: Seen, event: str) -> Checks:
    """Lifecycle records carry operation, tenant and user, not only the task's id."""
    for sent in seen.sent:
        for record in seen.lifecycle(sent, event):
            yield _carries_context(record, sent)


def _carries_context(record: Record, sent: Sent) -> Any:
    expected = {name: str(sent.facts[name]) for name in ("tenant_id", "user_id") if sent.facts.get(name) is not None}
    missing = [name for name, value in expected.items() if record.get(name) != value]
    missing += [] if record.get("operation") else ["operation"]
    return fault(f"does not carry the execution's {', '.join(missing)}", record) if missing else None


def fails_once(seen: Seen) -> Checks:
    """A task that ended in FAILURE has exactly one `Task failed`, at level error; any other has none."""
    for sent in seen.sent:
        task, records = seen.task(sent), seen.lifecycle(sent, FAILED)
        if not task.failed and (task.rejected or any(each.state is None for each in task.executions)):
            # Celery calls a Reject a failure too, and says nothing of a body that exits in a thread: one record may be.
            yield _unless(records[1:], "reports the failure a second time")
            continue
        yield _as_many(records, 1 if task.failed else 0, FAILED, sent, "failures that Celery reported")
        for record in records:
            yield _unless([record] if record.level != "error" else [], f"has level {show(record.level)}, not error")


def traceback_is_there(seen: Seen) -> Checks:
    """Where Celery had a traceback, the failure record has `exception`."""
    for sent in seen.sent:
        for record in seen.lifecycle(sent, FAILED) if seen.task(sent).raised else []:
            yield _unless([] if record.get("exception") else [record], "has no traceback in `exception`")


def error_is_named(seen: Seen) -> Checks:
    """`error` names the type and message of the exception that was finally raised, and `exception` the same type."""
    for sent in seen.sent:
        raised = [event["error"] for event in seen.task(sent).raised]
        for record in seen.lifecycle(sent, FAILED):
            for error in raised[-1:]:
                yield _names(record, error["type"], error["text"])


def _names(record: Record, kind: str, text: str) -> Any:
    error, trace = record.get("error"), record.get("exception")
    if not isinstance(error, str) or not _starts_with_type(error, kind):
        return fault(f"error is {show(error)}; it must name {kind}", record, fix="Write `Type: message`.")
    start = text.split("\n", maxsplit=1)[0][:60].strip()
    if start and not start.startswith("<") and start not in error:
        return fault(f"error is {show(error)}; it must hold the message {show(start)}", record)
    if isinstance(trace, str) and ("Traceback" not in trace or trace.count("\n") < 2):
        return fault("`exception` is not the whole traceback", record, fix="Use `traceback.format_exception`.")
    if isinstance(trace, str) and kind not in trace:
        return fault(f"the traceback in `exception` does not name {kind}", record)
    return None


def _starts_with_type(error: str, kind: str) -> bool:
    head = error.split(":", maxsplit=1)[0].split("(", maxsplit=1)[0].strip()
    return head.rsplit(".", 1)[-1] == kind


def causes_are_told(seen: Seen) -> Checks:
    """The causes of an exception, and the members of a group, stand in its traceback."""
    for sent in seen.sent:
        for record in seen.lifecycle(sent, FAILED):
            text = str(record.get("exception"))
            parts = [f"cause of probe {sent.probe}", f"effect of probe {sent.probe}"]
            missing = [part for part in parts if part not in text]
            yield _unless([record] if missing else [], f"`exception` does not show {missing}")


def failure_is_recorded(seen: Seen) -> Checks:
    """Whatever the exception is like, its `Task failed` is there."""
    for sent in seen.sent:
        if seen.task(sent).failed:
            yield _as_many(seen.lifecycle(sent, FAILED), 1, FAILED, sent, "failures that Celery reported")


def no_second_report(seen: Seen) -> Checks:
    """No error-level record of Celery's own reports a failure that `Task failed` reports."""
    for sent in seen.sent:
        if not seen.lifecycle(sent, FAILED):
            continue
        second = [
            reading.record
            for reading in seen.log.mentioning(sent.task_id)
            if reading.record is not None
            and reading.record.level in {"error", "critical"}
            and (reading.record.logger or "").startswith("celery")
            and reading.record.event not in {FAILED, EXHAUSTED}
        ]
        yield _unless(second, "reports at error level a failure that `Task failed` reports already")


def retries_are_announced(seen: Seen) -> Checks:
    """Each retry has exactly one `Task failed, retrying`, at level warning, with its members."""
    for sent in seen.sent:
        retried, records = _retried(seen, sent), seen.lifecycle(sent, RETRYING)
        twice, _ = _surplus(records, retried)
        if retried:
            yield _as_many(records[: len(retried)], len(retried), RETRYING, sent, "retries")
        if twice:
            yield fault("announces the same retry a second time", twice[0])
        for record in records:
            _, findings = check_record(record)
            wrong = [finding for finding in findings if finding.requirement == "RETRY001"]
            yield from wrong
            if not wrong:
                yield None
            expected = sent.facts.get("max_retries", "unknown")
            if not wrong and expected != "unknown" and record.get("max_retries", "absent") != expected:
                yield fault(f"max_retries is {show(record.get('max_retries'))}; {show(expected)} is in force", record)


def retries_are_counted(seen: Seen) -> Checks:
    """`retry_count` is 0 on the first retry record, and grows by one."""
    for sent in seen.sent:
        counts = [record.get("retry_count") for record in seen.lifecycle(sent, RETRYING)]
        if not counts:
            continue
        # On prefork the first execution's record may come after the second's: the counts matter, not their order.
        if sorted(counts, key=str) == list(range(len(counts))):
            yield None
        else:
            record = seen.lifecycle(sent, RETRYING)[0]
            yield fault(f"retry_count runs {counts}, not {list(range(len(counts)))}", record)


def only_retried_say_so(seen: Seen) -> Checks:
    """An execution that no retry followed has no `Task failed, retrying`."""
    for sent in seen.sent:
        if sent.task_id not in seen.log.by_task:
            continue
        _, surplus = _surplus(seen.lifecycle(sent, RETRYING), _retried(seen, sent))
        yield _unless(
            surplus,
            "says it is retrying, but no further execution follows",
            fix="Write the record from the `task_retry` signal, not from the task's exception handler.",
        )


def exhaustion_is_told(seen: Seen) -> Checks:
    """A task that used up its retries has exactly one record that says so, before its `Task failed`."""
    for sent in seen.sent:
        records, failures = seen.lifecycle(sent, EXHAUSTED), seen.lifecycle(sent, FAILED)
        expected = 1 if sent.facts.get("exhausts") else 0
        if sent.task_id not in seen.log.by_task:
            continue
        yield _as_many(records, expected, EXHAUSTED, sent, "times that it used up its retries")
        for record in records:
            _, findings = check_record(record)
            yield from [finding for finding in findings if finding.requirement == "RETRY004"]
        if records and failures and records[0].place.offset > failures[0].place.offset:
            yield fault("stands after the task's `Task failed`", records[0])
        if records and not failures:
            yield fault("is not followed by a `Task failed`", records[0])


def retried_executions_do_not_end(seen: Seen) -> Checks:
    """A retried execution has neither a completion nor a failure."""
    for sent in seen.sent:
        if not _retried(seen, sent):
            continue
        succeeded = sum(execution.state == "SUCCESS" for execution in seen.executions(sent))
        yield _unless(seen.lifecycle(sent, COMPLETED)[succeeded:], "says that a retried execution completed")
        failures = 1 if seen.task(sent).failed else 0
        yield _unless(seen.lifecycle(sent, FAILED)[failures:], "says that a retried execution failed")


def executions_keep_identity(seen: Seen) -> Checks:
    """All executions of a task carry the same ids."""
    for sent in seen.sent:
        records = [*seen.lifecycle(sent, STARTING), *seen.spoken(sent)]
        for record in records:
            for name, expected in (("task_id", sent.task_id), *_context(sent)):
                wrong = record.get(name) != expected
                yield _unless([record] if wrong else [], f"{name} is {show(record.get(name))}, not {show(expected)}")


def countdown_is_told(seen: Seen) -> Checks:
    """The retry record carries `countdown`, the seconds until the next execution."""
    for sent in seen.sent:
        for record in seen.lifecycle(sent, RETRYING):
            told = record.get("countdown")
            right = isinstance(told, int | float) and abs(told - sent.facts.get("countdown", 0)) <= 1
            yield _unless([] if right else [record], f"countdown is {show(told)}")


def _context(sent: Sent) -> list[tuple[str, str]]:
    return [(name, str(sent.facts[name])) for name in ("tenant_id", "user_id") if sent.facts.get(name) is not None]


def _retried(seen: Seen, sent: Sent) -> list[Execution]:
    executions = seen.executions(sent)
    return [execution for execution in executions if execution.state == "RETRY" or execution.retry is not None]


def _surplus(records: list[Record], retried: list[Execution]) -> tuple[list[Record], list[Record]]:
    """Return the records beyond one per retry: those that repeat a retry, and those that no retry stands behind."""
    beyond = len(records) - len(retried)
    if beyond <= 0:
        return [], []
    counts = {execution.retries for execution in retried}
    groundless = [record for record in records if record.get("retry_count") not in counts][-beyond:]
    repeated = [record for record in records if record not in groundless][len(retried) :]
    return repeated, groundless


def _unless(records: list[Record], message: str, *, fix: str = "") -> Any:
    return fault(message, records[0], fix=fix) if records else None


def _as_many(records: list[Record], expected: int, event: str, sent: Sent, what: str) -> Any:
    if len(records) == expected:
        return None
    return fault(
        f"{len(records)} records `{event}` of {sent.name}, for {expected} {what}",
        records[expected] if len(records) > expected else None,
        task_id=sent.task_id,
        fix=FIXES[event],
    )
