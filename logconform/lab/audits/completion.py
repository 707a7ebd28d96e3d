"""Audits of task completion (DONE)."""

from __future__ import annotations

from typing import Any

from logconform.lab.audits.counting import COMPLETED, as_many, unless
from logconform.lab.evidence import Checks, Seen, Sent, fault, shown_in
from logconform.records import Record


def completes_once(seen: Seen) -> Checks:
    """Each execution that ended in SUCCESS has exactly one completion, after every record of its body."""
    for sent in seen.sent:
        succeeded = [execution for execution in seen.executions(sent) if execution.state == "SUCCESS"]
        completions = seen.lifecycle(sent, COMPLETED)
        if not succeeded:
            continue
        yield as_many(completions, len(succeeded), COMPLETED, sent, "executions that ended in SUCCESS")
        if completions:
            late = [record for record in seen.spoken(sent) if record.place.offset > completions[-1].place.offset]
            yield unless(late, "was written by the task's body, but stands after its `Task completed`")


def completes_nothing_else(seen: Seen) -> Checks:
    """An execution that did not end in SUCCESS has no completion."""
    for sent in seen.sent:
        if sent.task_id not in seen.log.by_task:
            continue
        succeeded = sum(execution.state == "SUCCESS" for execution in seen.executions(sent))
        endings = ", ".join(str(execution.state) for execution in seen.executions(sent)) or "no execution"
        surplus = seen.lifecycle(sent, COMPLETED)[succeeded:]
        yield unless(
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
            elif isinstance(said, bool):  # what is missing, or neither true nor false, speaks against DONE002
                returned = sent.facts.get("returns", "something" if execution.returned else None)
                yield fault(
                    f"has_return_value is {shown_in(completion, 'has_return_value')}; the task returned {returned!r}",
                    completion,
                    fix="Compare with None: `retval is not None`.",
                )


def no_return_value(seen: Seen) -> Checks:
    """A completion does not carry the return value."""
    for sent in seen.sent:
        secret = str(sent.facts["returns"]).encode()
        for completion in seen.lifecycle(sent, COMPLETED):
            yield unless([completion] if secret in completion.raw else [], "carries the task's return value")


def durations_agree(seen: Seen) -> Checks:
    """`duration_ms` agrees with the time between the oracle's prerun and postrun."""
    for sent in seen.sent:
        succeeded = [execution for execution in seen.executions(sent) if execution.state == "SUCCESS"]
        for execution, completion in zip(succeeded, seen.lifecycle(sent, COMPLETED), strict=False):
            if execution.postrun is None:
                continue
            told = completion.get("duration_ms")
            real = 1_000 * (execution.postrun["at"] - execution.prerun["at"])
            if not isinstance(told, int | float):
                yield fault(f"duration_ms is {shown_in(completion, 'duration_ms')}", completion)
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
