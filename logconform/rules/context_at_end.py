"""Lifecycle records that have lost the context with which their execution was announced."""

from __future__ import annotations

from typing import ClassVar

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History
from logconform.rules.identity_changed import announced


class _ContextLost(TaskRule):
    kinds: ClassVar[frozenset[str]]

    def check(self, history: History) -> Outcomes:
        missing: dict[int, tuple[Record, list[str]]] = {}
        for name in ("tenant_id", "user_id"):
            for _, records in announced(history, name):
                for record in records:
                    if history.kind(record) in self.kinds:
                        lost = missing.setdefault(id(record), (record, []))[1]
                        lost += [] if name in record.members else [name]
        for record, names in missing.values():
            yield self.finding(f"{' and '.join(names)} of the execution are missing", record) if names else None


class ContextMissingAtEnd(_ContextLost):
    """The record that ends or retries an execution lacks the tenant or user that its start has."""

    requirement = "DONE007"
    fix = "Write lifecycle records while the execution's context is bound, or bind it again for them."
    kinds = frozenset({"task-completion", "task-retry", "task-retries-exhausted", "task-ended"})


class ContextMissingAtFailure(_ContextLost):
    """A failure record lacks the tenant or user of its execution, as where the main process reports it."""

    requirement = "FAIL006"
    fix = "Remember the context of received tasks in the main process, and write its failure records with it."
    kinds = frozenset({"task-failure"})
