"""Records of one task that disagree about whom it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History, is_celery
from logconform.schemas import kind_of


def _announced(history: History, name: str) -> Iterator[tuple[Record, list[Record]]]:
    """Yield each start that binds *name* from its keyword arguments, with the start and body records it rules."""
    for part in history.executions():
        keys = part[0].get("kwargs_keys")
        if kind_of(part[0]) == "task-start" and isinstance(keys, list) and name in keys and name in part[0].members:
            yield part[0], [record for record in part[1:] if record in history.body]


def _is_foreign(history: History, name: str, value: object, task_id: str | None) -> bool:
    owners = history.sample.owners.get((name, str(value)), set())
    return bool(owners - {task_id or ""})


class _IdentifierDropped(TaskRule):
    name: ClassVar[str]

    def check(self, history: History) -> Outcomes:
        for start, body in _announced(history, self.name):
            expected = start.get(self.name)
            for record in body:
                value = record.get(self.name)
                if value == expected or (self.name not in record.members and is_celery(record)):
                    yield None
                elif self.name not in record.members:
                    yield self.finding(f"{self.name} is missing; the task was started for {expected!r}", record)
                elif not _is_foreign(history, self.name, value, record.task_id):
                    yield self.finding(f"{self.name} is {value!r}; the task was started for {expected!r}", record)


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
        for start, body in _announced(history, name):
            wrong = [
                record
                for record in body
                if name in record.members
                and record.get(name) != start.get(name)
                and _is_foreign(history, name, record.get(name), record.task_id)
            ]
            yield self._first(wrong, name, f"the task was started for {start.get(name)!r}")

    def _called_without(self, history: History, name: str) -> Outcomes:
        for start in history.starts:
            keys = start.get("kwargs_keys")
            if (
                not isinstance(keys, list)
                or name in keys
                or start.get("args_count") != 0
                or start.get("parent_task_id")
            ):
                continue
            foreign = name in start.members and _is_foreign(history, name, start.get(name), start.task_id)
            yield self._first([start] if foreign else [], name, f"the task was called without a {name}")

    def _first(self, wrong: list[Record], name: str, why: str) -> object:
        return (
            self.finding(f"{name} {wrong[0].get(name)!r} belongs to another task; {why}", wrong[0]) if wrong else None
        )


class RetryChangedIdentity(TaskRule):
    """A further execution of a task is announced for another tenant or user than the first."""

    requirement = "RETRY005"
    fix = "Bind the identifiers from the arguments of each execution: a retry is called with the same ones."

    def check(self, history: History) -> Outcomes:
        for start in history.starts[1:]:
            changed = [name for name in ("tenant_id", "user_id") if start.get(name) != history.starts[0].get(name)]
            yield self.finding(f"{', '.join(changed)} differ from the first execution's", start) if changed else None


class OwnParent(TaskRule):
    """A retry names its own task as its parent, because Celery does."""

    requirement = "CTX012"
    fix = "On a retry keep the first execution's `parent_task_id`; Celery's `request.parent_id` is the task's own id then."

    def check(self, history: History) -> Outcomes:
        for record in history.records:
            if "parent_task_id" in record.members:
                own = record.get("parent_task_id") == record.task_id
                yield self.finding("parent_task_id is the task's own id", record) if own else None
