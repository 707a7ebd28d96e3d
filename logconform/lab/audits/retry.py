"""Audits of retries (RETRY)."""

from __future__ import annotations

from logconform.lab.audits.counting import COMPLETED, EXHAUSTED, FAILED, RETRYING, STARTING, as_many, unless
from logconform.lab.evidence import Checks, Seen, Sent, fault, said, show, shown_in
from logconform.lab.truth import Execution
from logconform.records import Record
from logconform.schemas import check_record

IN_FORCE = "Take it from the task's `override_max_retries` where that is set, else from its `max_retries`."
IN_ORDER = "Write both from one receiver of `task_failure`, this one first."


def retries_are_announced(seen: Seen) -> Checks:
    """Each retry has exactly one `Task failed, retrying`, at level warning, with its members."""
    for sent in seen.sent:
        retried, records = _retried(seen, sent), seen.lifecycle(sent, RETRYING)
        twice, _ = _surplus(records, retried)
        if retried:
            yield as_many(records[: len(retried)], len(retried), RETRYING, sent, "retries")
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
                told = f"max_retries is {shown_in(record, 'max_retries')}; {show(expected)} is in force"
                yield fault(told, record, fix=IN_FORCE)


def retries_are_counted(seen: Seen) -> Checks:
    """`retry_count` is 0 on the first retry record, and grows by one; that there is one record is RETRY001."""
    for sent in seen.sent:
        records = seen.lifecycle(sent, RETRYING)
        counts = [record.get("retry_count") for record in records]
        if not counts:
            continue
        retries = len(_retried(seen, sent))
        if len(counts) > retries:
            counts = list({str(count): count for count in counts}.values())
        expected = list(range(max(len(counts), min(len(records), retries))))
        # On prefork the first execution's record may come after the second's: the counts matter, not their order.
        if sorted(counts, key=str) == expected:
            yield None
        else:
            yield fault(f"retry_count runs {counts}, not {expected}", records[0])


def only_retried_say_so(seen: Seen) -> Checks:
    """An execution that no retry followed has no `Task failed, retrying`."""
    for sent in seen.sent:
        if sent.task_id not in seen.log.by_task:
            continue
        _, surplus = _surplus(seen.lifecycle(sent, RETRYING), _retried(seen, sent))
        yield unless(
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
        yield as_many(records, expected, EXHAUSTED, sent, "times that it used up its retries")
        for record in records:
            _, findings = check_record(record)
            yield from [finding for finding in findings if finding.requirement == "RETRY004"]
        if records and failures and records[0].place.offset > failures[-1].place.offset:
            yield fault("stands after the task's `Task failed`", records[0], fix=IN_ORDER)
        if records and not failures:
            yield fault("is not followed by a `Task failed`", records[0], fix=IN_ORDER)


def retried_executions_do_not_end(seen: Seen) -> Checks:
    """A retried execution has neither a completion nor a failure."""
    for sent in seen.sent:
        if not _retried(seen, sent):
            continue
        succeeded = sum(execution.state == "SUCCESS" for execution in seen.executions(sent))
        yield unless(seen.lifecycle(sent, COMPLETED)[succeeded:], "says that a retried execution completed")
        failures = 1 if seen.task(sent).failed else 0
        yield unless(seen.lifecycle(sent, FAILED)[failures:], "says that a retried execution failed")


def executions_keep_identity(seen: Seen) -> Checks:
    """
    All executions of a task carry the same ids: what one carries, each of the others has on one of its records.

    What none of them carries, and what a single record lacks, is a matter of binding (CTX001 to CTX003).
    """
    for sent in seen.sent:
        executions = _records_by_execution(seen, sent)
        for name, expected in (("task_id", sent.task_id), *_context(sent)):
            carry = [any(record.get(name) == expected for record in records) for records in executions]
            for records, carries in zip(executions, carry, strict=True) if any(carry) else ():
                told = shown_in(records[0], name)
                yield unless([] if carries else records[:1], f"{name} is {told}, not {show(expected)}")


def _records_by_execution(seen: Seen, sent: Sent) -> list[list[Record]]:
    """Return what a probe wrote by its own logger, by execution; of any other task, each execution's start record."""
    found: dict[int, list[Record]] = {}
    for record in seen.spoken(sent):
        attempt = said(record, "attempt")
        if isinstance(attempt, int):
            found.setdefault(attempt, []).append(record)
    return list(found.values()) or [[record] for record in seen.lifecycle(sent, STARTING)]


def countdown_is_told(seen: Seen) -> Checks:
    """The retry record carries `countdown`, the seconds until the next execution."""
    for sent in seen.sent:
        for record in seen.lifecycle(sent, RETRYING):
            told = record.get("countdown")
            right = isinstance(told, int | float) and abs(told - sent.facts.get("countdown", 0)) <= 1
            yield unless([] if right else [record], f"countdown is {shown_in(record, 'countdown')}")


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
