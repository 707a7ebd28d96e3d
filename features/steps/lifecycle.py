"""Steps that ask what announces an execution and its ending."""

from __future__ import annotations

from logconform.lab.audits import lifecycle
from logconform.lab.vocabulary import question

question('the records "{event}" keep "{requirement}"')(lifecycle.schema_holds)
question('the task\'s execution records keep "{requirement}"')(lifecycle.body_holds)
question("each execution has exactly one start record, before its body's records")(lifecycle.starts_once)
question("its start record counts and names its arguments")(lifecycle.arguments_are_counted)
question("no start record shows a value of them")(lifecycle.no_argument_values)
question("the start record of each retry has its retry_count")(lifecycle.further_executions_say_so)
question("each successful execution has exactly one completion, after its body's records")(lifecycle.completes_once)
question("its completion tells whether it returned something")(lifecycle.return_values_are_told)
question("no completion is written for it")(lifecycle.completes_nothing_else)
question("its completion does not show it")(lifecycle.no_return_value)
question("its completion's duration agrees with the oracle's")(lifecycle.durations_agree)
question('its "{event}" carries operation, tenant and user')(lifecycle.endings_carry_context)
question("exactly one failure is recorded for a task that failed, and none for any other")(lifecycle.fails_once)
question("its failure record holds the traceback")(lifecycle.traceback_is_there)
question("its failure record names the exception and its message")(lifecycle.error_is_named)
question("its failure record shows cause and effect")(lifecycle.causes_are_told)
question("its failure is recorded")(lifecycle.failure_is_recorded)
question("no other error of Celery's own reports its failure")(lifecycle.no_second_report)
question("each retry has exactly one record that announces it")(lifecycle.retries_are_announced)
question("its retries are counted from 0")(lifecycle.retries_are_counted)
question("only retried executions say that they are retrying")(lifecycle.only_retried_say_so)
question("it says exactly once that its retries are used up, before its failure")(lifecycle.exhaustion_is_told)
question("no retried execution says that it completed or failed")(lifecycle.retried_executions_do_not_end)
question("all its executions carry the same ids")(lifecycle.executions_keep_identity)
question("each retry record has its countdown")(lifecycle.countdown_is_told)
