"""Steps that ask what announces an execution and its ending."""

from __future__ import annotations

from logconform.lab.audits import completion, failure, retry, start, worker
from logconform.lab.vocabulary import question

question('the records "{event}" keep "{requirement}"')(start.schema_holds)
question('the task\'s execution records keep "{requirement}"')(start.body_holds)
question("each execution has exactly one start record, before its body's records")(start.starts_once)
question("its start record counts and names its arguments")(start.arguments_are_counted)
question("no start record shows a value of them")(start.no_argument_values)
question("the start record of each retry has its retry_count")(start.further_executions_say_so)
question("each successful execution has exactly one completion, after its body's records")(completion.completes_once)
question("its completion tells whether it returned something")(completion.return_values_are_told)
question("no completion is written for it")(completion.completes_nothing_else)
question("its completion does not show it")(completion.no_return_value)
question("its completion's duration agrees with the oracle's")(completion.durations_agree)
question('its "{event}" carries operation, tenant and user')(completion.endings_carry_context)
question("exactly one failure is recorded for a task that failed, and none for any other")(failure.fails_once)
question("its failure record holds the traceback")(failure.traceback_is_there)
question("its failure record names the exception and its message")(failure.error_is_named)
question("its failure record shows cause and effect")(failure.causes_are_told)
question("its failure is recorded")(failure.failure_is_recorded)
question("no other error of Celery's own reports its failure")(failure.no_second_report)
question("each retry has exactly one record that announces it")(retry.retries_are_announced)
question("its retries are counted from 0")(retry.retries_are_counted)
question("only retried executions say that they are retrying")(retry.only_retried_say_so)
question("it says exactly once that its retries are used up, before its failure")(retry.exhaustion_is_told)
question("no retried execution says that it completed or failed")(retry.retried_executions_do_not_end)
question("all its executions carry the same ids")(retry.executions_keep_identity)
question("each retry record has its countdown")(retry.countdown_is_told)
question("a record tells of the worker's start, and one of its shutdown, outside any task")(
    worker.says_start_and_shutdown
)
