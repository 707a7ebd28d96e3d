"""Steps that ask what records hold."""

from __future__ import annotations

from collections.abc import Iterable

from logconform.findings import Finding
from logconform.lab.audits import content, context
from logconform.lab.evidence import Seen, all_of
from logconform.lab.vocabulary import question

Checks = Iterable[Finding | None]


@question('nothing in the log stream speaks against "{requirement}"')
def stream_holds(seen: Seen, requirement: str) -> Checks:
    return content.stream_holds(seen, requirement)


@question("no record of the task repeats a member name")
def names_not_repeated(seen: Seen) -> Checks:
    return content.names_are_not_repeated(seen)


@question("the record with the value is there, and the task succeeded")
def values_do_no_harm(seen: Seen) -> Checks:
    return content.values_do_no_harm(seen)


@question("its record is cut, valid, and marked as truncated")
def long_records_are_cut(seen: Seen) -> Checks:
    return content.long_records_are_cut(seen)


@question("the library's record and its warning are records of the log stream")
def libraries_speak_the_same(seen: Seen) -> Checks:
    return content.libraries_speak_the_same(seen)


@question("the value starts no record and forges no field")
def nothing_is_forged(seen: Seen) -> Checks:
    return content.nothing_is_forged(seen)


@question("standard error carries nothing that is not a record")
def standard_error_is_pure(seen: Seen) -> Checks:
    return content.standard_error_is_pure(seen)


@question("the secret stands nowhere in the log")
def no_secret(seen: Seen) -> Checks:
    return content.no_secret(seen)


@question("the broker's password stands nowhere in the log")
def no_broker_password(seen: Seen) -> Checks:
    return content.no_broker_password(seen)


@question("the error record has error and exception")
def errors_show_their_exception(seen: Seen) -> Checks:
    return content.errors_show_their_exception(seen)


@question("every record that the task's body wrote carries its task id")
def carries_task_id(seen: Seen) -> Checks:
    return context.carries_task_id(seen)


@question('every start and execution record carries its "{name}"')
def carries_identifier(seen: Seen, name: str) -> Checks:
    return context.carries_identifier(seen, name)


@question("no record about the task has a tenant or a user")
def carries_no_identifier(seen: Seen) -> Checks:
    return context.carries_no_identifier(seen)


@question("nothing of the first task's context is on the second's records, or outside any task")
def nothing_crosses(seen: Seen) -> Checks:
    return context.nothing_crosses(seen)


@question("each record has the fields of its blocks, and no others")
def blocks_nest_and_restore(seen: Seen) -> Checks:
    return context.blocks_nest_and_restore(seen)


@question('start and execution records have the operation "task." and the task\'s name')
def carries_operation(seen: Seen) -> Checks:
    return context.carries_operation(seen)


@question("the inner task's records have its own context, and the outer's is as before")
def nested_tasks_keep_apart(seen: Seen) -> Checks:
    return context.nested_tasks_keep_apart(seen)


@question("its records carry them, bound by the task's signature")
def positional_identifiers(seen: Seen) -> Checks:
    return context.positional_identifiers(seen)


@question("each record carries its own task's id and tenant")
def concurrent_tasks_keep_apart(seen: Seen) -> Checks:
    return context.concurrent_tasks_keep_apart(seen)


@question("the other's records name it as parent, with the same correlation id")
def descent_is_told(seen: Seen) -> Checks:
    return context.descent_is_told(seen)


@question("no record names its own task as its parent")
def retries_keep_their_parent(seen: Seen) -> Checks:
    return context.retries_keep_their_parent(seen)


@question("its body runs, and its records carry its own task id")
def binding_never_fails(seen: Seen) -> Checks:
    return context.binding_never_fails(seen)


@question('its records keep "{requirement}"')
def own_task_holds(seen: Seen, requirement: str) -> Checks:
    return content.own_task_holds(seen, requirement)


@question('it writes "total_records", "processed_records" and "total_processed"')
def reports_progress(seen: Seen) -> Checks:
    return content.own_task_reports(seen, "total_records", "processed_records", "total_processed")


@question('it writes "duration_ms" and "memory_used_mb"')
def reports_usage(seen: Seen) -> Checks:
    return content.own_task_reports(seen, "memory_used_mb")


@question("its figures agree with what the oracle measured")
def resources_agree(seen: Seen) -> Checks:
    return all_of(content.resources_agree(seen))
