"""Audits of task start and execution records (START, EXEC)."""

from __future__ import annotations

from logconform.lab.audits.counting import STARTING, as_many, keeps, unless
from logconform.lab.evidence import Checks, Seen, fault, said, shown_in
from logconform.lab.vocabulary import FeatureError
from logconform.schemas import requirements_of, schema_names


def schema_holds(seen: Seen, requirement: str, event: str) -> Checks:
    """The records of one event, of the scenario's tasks, have the members they must have."""
    _refuse_unless_in_schema(requirement)
    for sent in seen.sent:
        for record in seen.log.by_task.get(sent.task_id, []):
            if record.event != event:
                continue
            yield from keeps(record, requirement)


def body_holds(seen: Seen, requirement: str) -> Checks:
    """The records that the tasks' bodies wrote have the members they must have."""
    _refuse_unless_in_schema(requirement)
    for sent in seen.sent:
        for record in seen.spoken(sent):
            yield from keeps(record, requirement)


def _refuse_unless_in_schema(requirement: str) -> None:
    """Refuse a scenario that could never pass, as no schema says anything about its requirement."""
    if not any(requirement in requirements_of(name) for name in schema_names()):
        raise FeatureError(f"no schema checks {requirement}; add `x-requirement` to one, or ask by a step of its own")


def starts_once(seen: Seen) -> Checks:
    """Each execution has exactly one start record, before any record that its body writes."""
    for sent in seen.sent:
        starts, executions = seen.lifecycle(sent, STARTING), seen.executions(sent)
        yield as_many(starts, len(executions), STARTING, sent, "executions")
        for execution, start in zip(executions, starts, strict=False):
            body = [record for record in seen.spoken(sent) if said(record, "attempt") == execution.retries]
            early = [record for record in body if record.place.offset < start.place.offset]
            yield unless(early, "was written by the task's body before its `Task starting`")


def arguments_are_counted(seen: Seen) -> Checks:
    """`args_count` and `kwargs_keys` are what the task was called with."""
    for sent in seen.sent:
        for execution, start in zip(seen.executions(sent), seen.lifecycle(sent, STARTING), strict=False):
            called = execution.prerun
            if start.get("args_count") != called["args_count"]:
                yield fault(
                    f"args_count is {shown_in(start, 'args_count')}; the task was called with "
                    f"{called['args_count']} positional arguments",
                    start,
                    fix="Write `len(args)`, as the `task_prerun` signal passes them.",
                )
                continue
            keys = start.get("kwargs_keys")
            if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(called["kwargs_keys"]):
                told = f"kwargs_keys is {keys}; the task was called with {sorted(called['kwargs_keys'])}"
                yield fault(told, start, fix="Write `list(kwargs)`, as the `task_prerun` signal passes them.")
                continue
            yield None


def no_argument_values(seen: Seen) -> Checks:
    """No value of an argument stands in a start record, other than the identifiers of its context."""
    for sent in seen.sent:
        for start in seen.lifecycle(sent, STARTING):
            shown = [value for value in sent.facts["values"] if value.encode() in start.raw]
            yield unless([start] if shown else [], f"shows the argument values {shown}")


def further_executions_say_so(seen: Seen) -> Checks:
    """A retry's start record has `retry_count` of at least 1."""
    for sent in seen.sent:
        for execution, start in zip(seen.executions(sent), seen.lifecycle(sent, STARTING), strict=False):
            count = start.get("retry_count")
            if execution.retries and not (isinstance(count, int) and count >= 1):
                yield fault(f"retry_count is {shown_in(start, 'retry_count')} on a retry", start)
            elif execution.retries:
                yield None
