"""Audits of context binding (CTX)."""

from __future__ import annotations

from typing import Any

from logconform.lab.evidence import Checks, Seen, Sent, fault, said, show, shown_in
from logconform.records import Record
from logconform.rules.correlation_changed import OwnParent

NO_VALUE = (None, "", "None")
"""What stands for an absent value, wrongly: another requirement's matter."""
BY_SIGNATURE = "Look the arguments up by `inspect.signature(task.run)`, not among the keyword arguments alone."
EACH_ITS_OWN = "Keep the context in a `contextvars.ContextVar`, not in a global or on the logger."
CONTEXT = ("task_id", "operation", "tenant_id", "user_id")


def carries_task_id(seen: Seen) -> Checks:
    """Every record that a body wrote carries its execution's `task_id`."""
    for sent in seen.sent:
        for record in seen.spoken(sent):
            yield _has(record, "task_id", sent.task_id, sent)


def carries_identifier(seen: Seen, name: str) -> Checks:
    """Every start and execution record carries the identifier that the keyword arguments hold, as a string."""
    for sent in seen.sent:
        expected = sent.facts.get(name)
        if expected is None:
            continue
        for record in _bound(seen, sent):
            yield _has(record, name, str(expected), sent)


def writes_identifier(seen: Seen, name: str) -> Checks:
    """
    An identifier that is no text, or falsy, is a string on each record that carries a plain one.

    What carries none of either kind binds none there: that is a matter of CTX002 and CTX003.
    """
    bound = {_kind(record) for sent in seen.roles["plain"] for record in _bound(seen, sent) if name in record.members}
    for sent in seen.roles["task"]:
        for record in _bound(seen, sent):
            if _kind(record) in bound:
                yield _has(record, name, str(sent.facts[name]), sent)


def _bound(seen: Seen, sent: Sent) -> list[Record]:
    """Return the start records and execution records of a task."""
    return [*seen.lifecycle(sent, "Task starting"), *seen.spoken(sent)]


def _kind(record: Record) -> tuple[Any, ...]:
    return record.event, said(record, "point")


def carries_no_identifier(seen: Seen) -> Checks:
    """
    A task whose identifiers have no value: the fields are absent from every record about it.

    The identifier of another task is no name for an absent one: that it crossed speaks against CTX005.
    """
    others = _identifiers_given(seen)
    for sent in seen.sent:
        for record in _about(seen, sent):
            there = [name for name in ("tenant_id", "user_id") if name in record.members]
            held = [name for name in there if str(record.get(name)) not in others]
            if not there:
                yield None
            for name in held:
                yield fault(
                    f"{name} is {shown_in(record, name)}, but the task was given none; the field must be absent",
                    record,
                    fix=f"Bind `{name}` only when it is not None.",
                )


def _identifiers_given(seen: Seen) -> set[str]:
    """Return every identifier that a task of this worker was called with; a number may stand for an absent one, too."""
    calls = [event.get(name) for event in seen.truth.of_kind("prerun") for name in ("tenant_id", "user_id")]
    texts = {str(each["text"]) for each in calls if each and each["type"] == "str"}
    return {text for text in texts if text not in NO_VALUE and not text.isdigit()}


def carries_operation(seen: Seen) -> Checks:
    """Start records and records outside any `log_context` have the operation `task.<task name>`."""
    for sent in seen.sent:
        expected = f"task.{seen.task(sent).name}"
        for record in _bound(seen, sent):
            yield _has(record, "operation", expected, sent)


def nothing_crosses(seen: Seen) -> Checks:
    """No record of the later task, and none outside any task, carries the context of the task before."""
    for earlier, later in zip(seen.roles["first"], seen.roles["second"], strict=False):
        foreign = {earlier.task_id: "task_id", **_identifiers(earlier), **_correlations(seen, earlier)}
        for record in _about(seen, later):
            yield _nothing_of(record, foreign, "the task before")
        for reading in seen.log.mentioning(str(later.facts.get("outside"))):
            outside = reading.record
            if outside is None or said(outside, "point") != "outside":
                continue
            either = {**foreign, later.task_id: "task_id", **_correlations(seen, later)}
            yield _nothing_of(outside, either, "a task, though it was written outside any")
            yield _no_context(outside)


def tenant_stays_behind(seen: Seen) -> Checks:
    """A task that follows in a chain has the chain's correlation and its parent's id, but not its tenant."""
    for earlier, later in zip(seen.roles["first"], seen.roles["second"], strict=False):
        foreign = {earlier.task_id: "task_id", **_identifiers(earlier)}
        for record in _about(seen, later):
            held = [name for name in CONTEXT if str(record.get(name)) in foreign]
            yield _of_another(record, held[0]) if held else None


def _of_another(record: Record, name: str) -> Any:
    return fault(
        f"carries {name} {shown_in(record, name)} of the task before it in the chain",
        record,
        fix="Bind a task's context from its own arguments alone; a chain sends the next one from within the last.",
    )


def _nothing_of(record: Record, foreign: dict[str, str], whose: str) -> Any:
    for name in (*CONTEXT, "correlation_id", "parent_task_id"):
        value = record.get(name)
        if isinstance(value, str | int) and str(value) in foreign:
            return fault(
                f"carries {name} {show(value)} of {whose}",
                record,
                fix="Clear the context in `task_postrun`, whatever the ending, before the next task is bound.",
            )
    return None


def _no_context(record: Record) -> Any:
    held = [name for name in ("task_id", "tenant_id", "user_id") if record.get(name) not in NO_VALUE]
    if not held:
        return None
    return fault(f"was written outside any task, but carries {', '.join(held)}", record)


def _identifiers(sent: Sent) -> dict[str, str]:
    return {str(sent.facts[name]): name for name in ("tenant_id", "user_id") if sent.facts.get(name) is not None}


def _correlations(seen: Seen, sent: Sent) -> dict[str, str]:
    """Return the correlation ids of a task: its own, since no other task sent it."""
    told = {record.get("correlation_id") for record in seen.spoken(sent)}
    return {value: "correlation_id" for value in told if isinstance(value, str)}


def _about(seen: Seen, sent: Sent) -> list[Record]:
    """Return the records of a task: those that carry its id, and those that its body wrote."""
    spoken = seen.spoken(sent)
    known = {id(record) for record in spoken}
    return [*spoken, *(record for record in seen.log.by_task.get(sent.task_id, []) if id(record) not in known)]


def blocks_nest_and_restore(seen: Seen) -> Checks:
    """`log_context` adds its fields, the inner block wins, and leaving a block restores what was bound before."""
    outer = {"probe_outer": "outer", "probe_shared": "outer"}
    inner = {**outer, "probe_inner": "inner", "probe_shared": "inner"}
    raising = {**outer, "probe_inner": "raising", "probe_shared": "raising"}
    expected = {
        "before": {},
        "outer": outer,
        "inner": inner,
        "outer again": outer,
        "raising": raising,
        "after exception": outer,
        "after": {},
    }
    for sent in seen.sent:
        before = seen.point(sent, "before")
        for point, fields in expected.items():
            record = seen.point(sent, point)
            if record is None or before is None:
                continue
            operation = "probe.inner" if point == "inner" else before.get("operation")
            yield _block(record, point, {**fields, "operation": operation})


def _block(record: Record, point: str, expected: dict[str, Any]) -> Any:
    for name in ("probe_outer", "probe_inner", "probe_shared", "operation"):
        if record.get(name) != expected.get(name):
            return fault(
                f'at the point "{point}" of nested log_context blocks, {name} is {shown_in(record, name)}, '
                f"not {show(expected.get(name))}",
                record,
                fix="Restore the whole context that was bound before the block, in a `finally`.",
            )
    return None


def nested_tasks_keep_apart(seen: Seen) -> Checks:
    """A task run in-process has its own context, and the outer one's is intact afterwards."""
    for outer, inner in zip(seen.roles["outer"], seen.roles["inner"], strict=False):
        before, after = seen.point(outer, "before"), seen.point(outer, "after")
        if before is None or after is None:
            continue
        for name in CONTEXT:
            yield _same(before, after, name)
        inner_id = _eager_id(seen, inner)
        if inner_id is None or before.task_id != outer.task_id:
            continue
        for record in seen.spoken(inner):
            if not _is_bare_library(record):
                yield _inner(record, inner, inner_id, outer)


def _same(before: Record, after: Record, name: str) -> Any:
    if before.get(name) == after.get(name):
        return None
    return fault(
        f"{name} is {shown_in(after, name)} after a nested task, and was {shown_in(before, name)} before it",
        after,
        fix="Keep a stack: put back in `task_postrun` what was bound at `task_prerun`, instead of clearing everything.",
    )


OWN_CONTEXT = "Bind a context of its own in `task_prerun`, which fires for `.apply()` too, in place of the outer's."


def _inner(record: Record, inner: Sent, inner_id: str, outer: Sent) -> Any:
    if record.task_id != inner_id:
        told = f"a record of the nested task {inner_id} carries task_id {show(record.task_id)}"
        return fault(told, record, fix=OWN_CONTEXT)
    for name in ("tenant_id", "user_id"):
        own, foreign = inner.facts.get(name), outer.facts.get(name)
        if own is None and foreign is not None and record.get(name) == str(foreign):
            told = f"a record of the nested task carries {name} {show(foreign)} of the outer task"
            return fault(told, record, fix=OWN_CONTEXT)
        missing = name not in record.members
        if missing and _is_library(record):
            continue  # what a library's records lack they lack in any task: CTX002, CTX003
        if own is not None and record.get(name) != str(own):
            told = f"a record of the nested task has {name} {shown_in(record, name)}, not {show(own)}"
            return fault(told, record, fix=OWN_CONTEXT)
    if record.get("operation") == f"task.{outer.name}":
        told = f"a record of the nested task carries operation {show(record.get('operation'))} of the outer one"
        return fault(told, record, fix=OWN_CONTEXT)
    return None


def _eager_id(seen: Seen, inner: Sent) -> str | None:
    for event in seen.truth.of_kind("prerun"):
        if event.get("probe") == inner.probe:
            return str(event["task_id"])
    return None


def positional_identifiers(seen: Seen) -> Checks:
    """Identifiers passed by position are bound by the task's signature."""
    for sent in seen.sent:
        for record in _bound(seen, sent):
            for name in ("tenant_id", "user_id"):
                yield _has(record, name, str(sent.facts[name]), sent, BY_SIGNATURE)


def concurrent_tasks_keep_apart(seen: Seen) -> Checks:
    """Tasks that ran at the same time carry each their own ids on every record."""
    met = {event["task_id"] for event in seen.truth.of_kind("met") if event["met"]}
    for sent in seen.sent:
        if sent.task_id not in met:
            continue
        for record in seen.spoken(sent):
            yield _has(record, "task_id", sent.task_id, sent, EACH_ITS_OWN)
            yield _has(record, "tenant_id", str(sent.facts["tenant_id"]), sent, EACH_ITS_OWN)


def descent_is_told(seen: Seen) -> Checks:
    """A task sent by a task carries `parent_task_id`, and its sender's `correlation_id`: here, the sender's own id."""
    for parent, child in zip(seen.roles["sender"], seen.roles["child"], strict=False):
        parents, children = seen.spoken(parent), seen.spoken(child)
        correlation = next((record.get("correlation_id") for record in parents), None)
        for record in parents[:1]:
            yield _has(record, "correlation_id", parent.task_id, parent)
        for record in children:
            yield _has(record, "parent_task_id", parent.task_id, child, "Bind it from the request's `parent_id`.")
            if correlation is None or record.get("correlation_id") != correlation:
                whose = "its sender has none" if correlation is None else f"its sender's is {show(correlation)}"
                yield fault(f"correlation_id is {shown_in(record, 'correlation_id')}; {whose}", record)


def retries_keep_their_parent(seen: Seen) -> Checks:
    """No record names its own task as its parent."""
    for sent in seen.sent:
        for record in _about(seen, sent):
            if record.get("parent_task_id") == sent.task_id:
                yield fault("parent_task_id is the task's own id", record, fix=OwnParent.fix)
            else:
                yield None


def binding_never_fails(seen: Seen) -> Checks:
    """Whatever the arguments hold, the body runs, and its records carry its own `task_id`."""
    for sent in [*seen.roles["task"], *seen.roles["inner"]]:
        task_id = _eager_id(seen, sent) or sent.task_id
        if not seen.truth.task(task_id).spoken:
            yield fault("the task's body never ran", task_id=task_id, fix="Catch whatever binding raises.")
            continue
        for record in seen.spoken(sent):
            if not _is_bare_library(record):
                yield _has(record, "task_id", task_id, sent, "Bind `task_id` before the arguments are looked at.")


def _is_bare_library(record: Record) -> bool:
    """Whether a library's record has no context at all: that speaks against CTX001, in whichever task."""
    return "task_id" not in record.members and _is_library(record)


def _is_library(record: Record) -> bool:
    return (record.logger or "").startswith("logconform.library.")


def _has(record: Record, name: str, expected: str, sent: Sent, fix: str = "") -> Any:
    value = record.get(name)
    if value == expected:
        return None
    if name not in record.members:
        message = f"{name} is missing; the task's is {show(expected)}"
    else:
        message = f"{name} is {show(value)}; the task's is {show(expected)}"
    return fault(message, record, task_id=expected if name == "task_id" else sent.task_id, fix=fix)
