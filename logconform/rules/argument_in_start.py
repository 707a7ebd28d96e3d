"""A start record that shows with what the task was called."""

from __future__ import annotations

from typing import Any

from logconform.records import Record
from logconform.rules.base import Outcomes, TaskRule
from logconform.rules.history import History
from logconform.secrets import is_masked

_CONTEXT = {"task_id", "operation", "tenant_id", "user_id", "correlation_id", "parent_task_id", "trace_id", "span_id"}
_OWN = {
    *("timestamp", "level", "service", "logger", "event", "task_name", "args_count", "kwargs_keys", "retry_count"),
    *("redelivered", "max_retries", "hostname", "pid", "process", "thread", "queue", "eta", "expires", "truncated"),
}
_WHOLE = ("args", "kwargs", "argsrepr", "kwargsrepr", "arguments")


class ArgumentInStart(TaskRule):
    """
    The start record carries the value of an argument, under its own name or within `args` or `kwargs`.

    **Known limits:** a value that is told under another name cannot be recognised.
    """

    requirement = "START004"
    fix = "Write `args_count` and `kwargs_keys` only; what a body wants told, it tells itself."

    def check(self, history: History) -> Outcomes:
        for start in history.starts:
            shown = _shown(start)
            yield self.finding(f"{shown[0]} shows what the task was called with", start) if shown else None


def _shown(start: Record) -> list[str]:
    keys = start.get("kwargs_keys")
    names = {key for key in keys if isinstance(key, str)} - _CONTEXT - _OWN if isinstance(keys, list) else set[str]()
    return [name for name in start.members if name in names or (name in _WHOLE and _holds_values(start.get(name)))]


def _holds_values(value: Any) -> bool:
    if isinstance(value, dict):
        return any(name not in _CONTEXT and _is_value(inner) for name, inner in value.items())
    if isinstance(value, list):
        return any(_is_value(inner) for inner in value)
    return isinstance(value, str) and value.strip() not in {"", "()", "[]", "{}"} and not is_masked(value)


def _is_value(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and is_masked(value))
