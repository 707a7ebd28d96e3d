"""Records of one task that disagree about whom it is for."""

from __future__ import annotations

from typing import ClassVar

from logconform.findings import Finding
from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import BODY, LIFECYCLE, History, is_celery, text_value

ENDS = LIFECYCLE - {"task-start"}


def announced(history: History, name: str) -> list[tuple[Record, list[Record]]]:
    """Return each start that binds *name* from its keyword arguments, with the records of its execution after it."""
    known = history.bound.get(name)
    if known is None:
        known = history.bound[name] = [(part[0], part[1:]) for part in history.parts if _binds(history, part[0], name)]
    return known


def _binds(history: History, start: Record, name: str) -> bool:
    keys = start.get("kwargs_keys")
    if history.kind(start) != "task-start" or not isinstance(keys, list) or name not in keys:
        return False
    return text_value(start, name) is not None and name in history.starts[0].members  # else RETRY005 says it


def _is_foreign(history: History, name: str, value: object, task_id: str | None) -> bool:
    return history.sample.owned_by_another(name, str(value), task_id or "")


def _differs(history: History, name: str, record: Record, start: Record) -> bool:
    """Whether *record* has another value than *start*, and than the first start: that two starts differ is RETRY005."""
    value = record.members.get(name)
    if not isinstance(value, str) or value in ("", "None"):
        return False  # the schema's matter
    return value not in (start.get(name), history.starts[0].get(name))


class _IdentifierDropped(TaskRule):
    name: ClassVar[str]

    def check(self, history: History) -> Outcomes:
        yield from self._starts(history)
        for start, records in announced(history, self.name):
            for record in records:
                told_aside = "operation" not in record.members and not history.is_inside(record)
                if self.name in record.members or (history.kind(record) in BODY and not told_aside):
                    yield self._judge(history, record, start)

    def _judge(self, history: History, record: Record, start: Record) -> Finding | None:
        expected = start.get(self.name)
        if self.name not in record.members:
            missing = f"{self.name} is missing; the task was started for {expected!r}"
            return None if is_celery(record) else self.finding(missing, record)
        value = record.get(self.name)
        if not _differs(history, self.name, record, start) or _is_foreign(history, self.name, value, record.task_id):
            return None
        return self.finding(f"{self.name} is {value!r}; the task was started for {expected!r}", record)

    def _starts(self, history: History) -> Outcomes:
        """Judge starts that lack the identifier although the same execution's ending has it."""
        for part in history.parts:
            keys = part[0].get("kwargs_keys")
            if history.kind(part[0]) != "task-start" or self.name in part[0].members:
                continue
            if not isinstance(keys, list) or self.name not in keys:
                continue
            later = [text_value(record, self.name) for record in part if history.kind(record) in ENDS]
            if later and later[0] is not None:
                message = f"{self.name} is missing; its ending says that the task was for {later[0]!r}"
                yield self.finding(message, part[0])


class TenantDropped(_IdentifierDropped):
    """A record of an execution that was started for a tenant does not carry it; per-tenant views miss it."""

    requirement = "CTX002"
    name = "tenant_id"
    fix = "Bind `tenant_id` for the whole execution, and let `log_context` restore it."


class UserDropped(_IdentifierDropped):
    """A record of an execution that was started for a user does not carry it."""

    requirement = "CTX003"
    name = "user_id"
    fix = "Bind `user_id` for the whole execution, and let `log_context` restore it."


class ForeignContext(TaskRule):
    """
    A record carries the tenant or user of another task.

    The worst that a log can do: one tenant's view shows what was done for another.

    **Known limits:** a tenant that a task binds itself, by `log_context`, is
    its own affair unless the task was called with another one.
    """

    requirement = "CTX005"
    fix = "Clear the context in `task_postrun`, whatever the ending."

    def check(self, history: History) -> Outcomes:
        for name in ("tenant_id", "user_id"):
            yield from self._called_with(history, name)
            yield from self._called_without(history, name)

    def _called_with(self, history: History, name: str) -> Outcomes:
        for start, records in announced(history, name):
            wrong = [
                record
                for record in records
                if _differs(history, name, record, start)
                and _is_foreign(history, name, record.get(name), record.task_id)
            ]
            yield self._first(wrong, name, f"the task was started for {start.get(name)!r}")

    def _called_without(self, history: History, name: str) -> Outcomes:
        """Judge lifecycle records of an execution called without *name*: no `log_context` is open where they are."""
        for part in history.parts:
            start = part[0]
            keys = start.get("kwargs_keys")
            if history.kind(start) != "task-start" or not isinstance(keys, list) or name in keys:
                continue
            if start.get("args_count") != 0 or start.get("parent_task_id"):
                continue
            wrong = [
                record
                for record in part
                if history.kind(record) in LIFECYCLE
                and text_value(record, name) is not None
                and _is_foreign(history, name, record.get(name), record.task_id)
            ]
            yield self._first(wrong, name, f"the task was called without a {name}")

    def _first(self, wrong: list[Record], name: str, why: str) -> Finding | None:
        if not wrong:
            return None
        return self.finding(f"{name} {wrong[0].get(name)!r} belongs to another task; {why}", wrong[0])


class RetryChangedIdentity(TaskRule):
    """A further execution of a task is announced for another tenant or user than the first."""

    requirement = "RETRY005"
    fix = "Bind the identifiers from the arguments of each execution: a retry is called with the same ones."

    def check(self, history: History) -> Outcomes:
        for start in history.starts[1:]:
            changed = [name for name in ("tenant_id", "user_id") if self._changed(history.starts[0], start, name)]
            yield self.finding(f"{', '.join(changed)} differ from the first execution's", start) if changed else None

    def _changed(self, first: Record, start: Record, name: str) -> bool:
        before, now = text_value(first, name), text_value(start, name)
        if now is None and name in start.members:
            return False  # the schema's matter
        return before is not None and now != before if name in first.members else now is not None
