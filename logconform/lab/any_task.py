"""What truth alone tells of any task: the audits that need no probe, held against everything that ran on a worker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial

from logconform.findings import Finding, Verdict
from logconform.lab.audits import completion, content, context, ending, failure, log_file, retry, start, worker
from logconform.lab.evidence import Checks, Seen, Sent
from logconform.lab.truth import Task, Truth
from logconform.records import Place


def most_durations_agree(seen: Seen) -> Checks:
    """
    Hold durations against the oracle's, where most of them disagree.

    A busy machine may hold up a task between two signals, and the first one of
    a process connects and loads; a wrong unit or clock shows in every task.
    """
    told = list(completion.durations_agree(replace(seen, roles={"task": _later_ones(seen)})))
    wrong = sum(each is not None for each in told)
    yield from told if wrong > 1 and 2 * wrong > len(told) else (None for each in told if each is None)


def _later_ones(seen: Seen) -> list[Sent]:
    """Return the tasks none of whose executions was the first in its process."""
    first: dict[int, int] = {}
    for event in seen.truth.of_kind("prerun"):
        first.setdefault(event["pid"], event.index)
    indexes = set(first.values())
    return [sent for sent in seen.sent if not any(each.prerun.index in indexes for each in seen.executions(sent))]


def failures_do_not_complete(seen: Seen) -> Checks:
    """Ask of tasks that never succeeded; a second completion of one that did is DONE001's matter."""
    never = [sent for sent in seen.sent if all(each.state != "SUCCESS" for each in seen.executions(sent))]
    return completion.completes_nothing_else(replace(seen, roles={"task": never}))


def deliveries_start(seen: Seen) -> Checks:
    """Ask of tasks that were delivered again; where a broker lost an acknowledgement, one really ends twice."""
    asked = []
    for sent in seen.sent:
        executions = seen.executions(sent)
        again = len({each.retries for each in executions}) < len(executions)
        if again and sum(each.state in {"SUCCESS", "FAILURE"} for each in executions) < 2:
            asked.append(sent)
    return ending.each_delivery_starts(replace(seen, roles={"task": asked}))


LIFECYCLE_AUDITS: tuple[tuple[str, Callable[[Seen], Checks]], ...] = (
    ("START001", start.starts_once),
    ("START003", start.arguments_are_counted),
    ("START005", start.further_executions_say_so),
    ("CTX002", partial(context.carries_identifier, name="tenant_id")),
    ("CTX003", partial(context.carries_identifier, name="user_id")),
    ("CTX007", context.carries_operation),
    ("DONE001", completion.completes_once),
    ("DONE003", completion.return_values_are_told),
    ("DONE004", failures_do_not_complete),
    ("DONE006", most_durations_agree),
    ("DONE007", partial(completion.endings_carry_context, event="Task completed")),
    ("FAIL001", failure.fails_once),
    ("FAIL002", failure.traceback_is_there),
    ("FAIL003", failure.error_is_named),
    ("FAIL006", partial(completion.endings_carry_context, event="Task failed")),
    ("FAIL007", failure.no_second_report),
    ("RETRY001", retry.retries_are_announced),
    ("RETRY002", retry.retries_are_counted),
    ("RETRY003", retry.only_retried_say_so),
    ("RETRY005", retry.executions_keep_identity),
    ("RETRY006", retry.retried_executions_do_not_end),
    ("RES002", content.resources_agree),
    ("LIFE002", ending.revocation_is_told),
    ("LIFE003", deliveries_start),
)
"""Each with the requirement that it decides; a test holds them to the features. LIFE004 is a rule's alone."""
STREAM_AUDITS: tuple[tuple[str, Callable[[Seen], Checks]], ...] = (
    ("FMT017", content.standard_error_is_pure),
    ("SAFE002", content.no_broker_password),
    ("LIFE001", worker.says_start_and_shutdown),
)
FILE_AUDITS: tuple[tuple[str, Callable[[Seen], Checks]], ...] = (
    ("SINK003", log_file.file_has_the_same),
    ("SINK006", log_file.file_is_whole_at_the_end),
)
"""For a service that says where its log file is."""
PLAIN = 64
"""Characters of an identifier that is compared: a longer one may be cut, and is no identifier."""
GUESSABLE = 8
"""Characters under which a password may stand in a log by chance, such as RabbitMQ's `guest`."""


def verdict_on(seen: Seen) -> Verdict:
    """Return what readers, schemas, rules and these audits say of all that ran; each fault of a record once."""
    verdict = Verdict() + seen.log.verdict
    known: set[tuple[str, Place | str | None]] = set()
    for each in verdict.findings:
        known |= {(each.requirement, each.place), (each.requirement, each.task_id)}
    for requirement, check in checks(seen):
        if check is None:
            verdict.checked(requirement)
        elif (requirement, check.place or check.task_id) not in known:
            verdict.found(replace(check, requirement=requirement))
    return verdict


def checks(seen: Seen) -> Iterator[tuple[str, Finding | None]]:
    """Yield each check of every audit, with its requirement: None where it holds, else a finding."""
    if seen.broker_secret and len(seen.broker_secret) < GUESSABLE:
        seen = replace(seen, broker_secret=None)
    for requirement, audit in (*LIFECYCLE_AUDITS, *STREAM_AUDITS, *(FILE_AUDITS if seen.log_file else ())):
        for check in audit(seen):
            yield requirement, check


def tasks_of(truth: Truth, without: Collection[str]) -> list[Sent]:
    """Return every task that the worker took or revoked, as if the lab had sent it, but for those in *without*."""
    return [
        Sent(task_id, task_id, task.name, _facts(task))
        for task_id, task in truth.tasks.items()
        if (task.executions or task.revocations) and task_id not in without
    ]


def _facts(task: Task) -> dict[str, str]:
    """Return the identifiers that a task was called with, where their text is beyond doubt."""
    if not task.executions:
        return {}
    called = task.executions[0].prerun
    told = {name: called[name] for name in ("tenant_id", "user_id") if called[name] is not None}
    return {name: each["text"] for name, each in told.items() if _is_plain(each)}


def _is_plain(identifier: dict[str, str]) -> bool:
    """Whether an identifier is a text, a number or a UUID, and nothing that a log may have to hide or cut."""
    text = identifier["text"]
    return identifier["type"] in {"str", "int", "UUID"} and 0 < len(text) <= PLAIN and "@" not in text
