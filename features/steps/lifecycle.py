"""Steps that ask what announces an execution and its ending."""

from __future__ import annotations

from collections.abc import Iterable

from logconform.findings import Finding
from logconform.lab.audits import lifecycle
from logconform.lab.evidence import LIFECYCLE_EVENTS, Seen
from logconform.lab.vocabulary import question

Checks = Iterable[Finding | None]


@question('the records "{event}" keep "{requirement}"')
def records_keep(seen: Seen, event: str, requirement: str) -> Checks:
    return lifecycle.schema_holds(seen, requirement, (event,))


@question('the task\'s execution records keep "{requirement}"')
def execution_records_keep(seen: Seen, requirement: str) -> Checks:
    return lifecycle.body_holds(seen, requirement)


@question("each execution has exactly one start record, before its body's records")
def starts_once(seen: Seen) -> Checks:
    return lifecycle.starts_once(seen)


@question("its start record counts and names its arguments")
def arguments_are_counted(seen: Seen) -> Checks:
    return lifecycle.arguments_are_counted(seen)


@question("no start record shows a value of them")
def no_argument_values(seen: Seen) -> Checks:
    return lifecycle.no_argument_values(seen)


@question("the start record of each retry has its retry_count")
def further_executions_say_so(seen: Seen) -> Checks:
    return lifecycle.further_executions_say_so(seen)


@question("each successful execution has exactly one completion, after its body's records")
def completes_once(seen: Seen) -> Checks:
    return lifecycle.completes_once(seen)


@question("its completion tells whether it returned something")
def return_values_are_told(seen: Seen) -> Checks:
    return lifecycle.return_values_are_told(seen)


@question("no completion is written for it")
def completes_nothing_else(seen: Seen) -> Checks:
    return lifecycle.completes_nothing_else(seen)


@question("its completion does not show it")
def no_return_value(seen: Seen) -> Checks:
    return lifecycle.no_return_value(seen)


@question("its completion's duration agrees with the oracle's")
def durations_agree(seen: Seen) -> Checks:
    return lifecycle.durations_agree(seen)


@question('its "{event}" carries operation, tenant and user')
def endings_carry_context(seen: Seen, event: str) -> Checks:
    assert event in LIFECYCLE_EVENTS
    return lifecycle.endings_carry_context(seen, event)


@question("exactly one failure is recorded for a task that failed, and none for any other")
def fails_once(seen: Seen) -> Checks:
    return lifecycle.fails_once(seen)


@question("its failure record holds the traceback")
def traceback_is_there(seen: Seen) -> Checks:
    return lifecycle.traceback_is_there(seen)


@question("its failure record names the exception and its message")
def error_is_named(seen: Seen) -> Checks:
    return lifecycle.error_is_named(seen)


@question("its failure record shows cause and effect")
def causes_are_told(seen: Seen) -> Checks:
    return lifecycle.causes_are_told(seen)


@question("its failure is recorded")
def failure_is_recorded(seen: Seen) -> Checks:
    return lifecycle.failure_is_recorded(seen)


@question("no other error of Celery's own reports its failure")
def no_second_report(seen: Seen) -> Checks:
    return lifecycle.no_second_report(seen)


@question("each retry has exactly one record that announces it")
def retries_are_announced(seen: Seen) -> Checks:
    return lifecycle.retries_are_announced(seen)


@question("its retries are counted from 0")
def retries_are_counted(seen: Seen) -> Checks:
    return lifecycle.retries_are_counted(seen)


@question("only retried executions say that they are retrying")
def only_retried_say_so(seen: Seen) -> Checks:
    return lifecycle.only_retried_say_so(seen)


@question("it says exactly once that its retries are used up, before its failure")
def exhaustion_is_told(seen: Seen) -> Checks:
    return lifecycle.exhaustion_is_told(seen)


@question("no retried execution says that it completed or failed")
def retried_executions_do_not_end(seen: Seen) -> Checks:
    return lifecycle.retried_executions_do_not_end(seen)


@question("all its executions carry the same ids")
def executions_keep_identity(seen: Seen) -> Checks:
    return lifecycle.executions_keep_identity(seen)


@question("each retry record has its countdown")
def countdown_is_told(seen: Seen) -> Checks:
    return lifecycle.countdown_is_told(seen)
