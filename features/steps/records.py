"""Steps that ask what records hold."""

from __future__ import annotations

from logconform.lab.audits import content, context
from logconform.lab.vocabulary import question

question('nothing in the log stream speaks against "{requirement}"')(content.stream_holds)
question("no record of the task repeats a member name")(content.names_are_not_repeated)
question("its records are stamped with the time in UTC")(content.timestamps_are_utc)
question("the record with the value is there, and the task succeeded")(content.values_do_no_harm)
question("its record is cut, valid, and marked as truncated")(content.long_records_are_cut)
question("the library's record and its warning are records of the log stream")(content.libraries_speak_the_same)
question("the value starts no record and forges no field")(content.nothing_is_forged)
question("standard error carries nothing that is not a record")(content.standard_error_is_pure)
question("the secret stands nowhere in the log")(content.no_secret)
question("the word stands nowhere in the log")(content.no_local_variable)
question("the broker's password stands nowhere in the log")(content.no_broker_password)
question("the error record has error and exception")(content.errors_show_their_exception)
question("every record that the task's body wrote carries its task id")(context.carries_task_id)
question('every start and execution record carries its "{name}"')(context.carries_identifier)
question('its records carry its "{name}" as a string')(context.writes_identifier)
question("no record about the task has a tenant or a user")(context.carries_no_identifier)
question("nothing of the first task's context is on the second's records, or outside any task")(context.nothing_crosses)
question("no record of the second task has the tenant of the first")(context.tenant_stays_behind)
question("each record has the fields of its blocks, and no others")(context.blocks_nest_and_restore)
question('start and execution records have the operation "task." and the task\'s name')(context.carries_operation)
question("the inner task's records have its own context, and the outer's is as before")(context.nested_tasks_keep_apart)
question("its records carry them, bound by the task's signature")(context.positional_identifiers)
question("each record carries its own task's id and tenant")(context.concurrent_tasks_keep_apart)
question("the other's records name it as parent, with the same correlation id")(context.descent_is_told)
question("no record names its own task as its parent")(context.retries_keep_their_parent)
question("its body runs, and its records carry its own task id")(context.binding_never_fails)
question('its records keep "{requirement}"')(content.own_task_holds)
question('it writes "total_records", "processed_records" and "total_processed"')(content.reports_progress)
question('it writes "memory_used_mb"')(content.reports_usage)
question("its figures agree with what the oracle measured")(content.resources_agree)
