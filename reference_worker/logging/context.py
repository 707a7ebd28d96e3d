"""What a record is about: fields that follow every record until they are unbound.

The store is `structlog.contextvars`, so that code which binds there directly
is followed, and cleared, like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, TypeGuard

from structlog import contextvars as store

from reference_worker.logging.encoding import as_text
from reference_worker.logging.redaction import is_innocent

CONTEXT_FIRST = ("task_id", "operation", "tenant_id", "user_id", "correlation_id", "parent_task_id")
"""The order in which a record shows what is bound; anything else follows."""

IDENTIFIERS = frozenset({"task_id", "tenant_id", "user_id", "correlation_id", "parent_task_id"})
"""Always strings, and never overridden by a field that a single record brings."""

GUARDED = IDENTIFIERS | {"operation"}
"""What only `log_context` and `bind_context` may set while it is bound."""

IDENTIFIER_LENGTH = 1024
"""Characters kept of an identifier: a hostile one must not swell every record."""

PREFIX = store.STRUCTLOG_KEY_PREFIX
VARIABLES_KNOWN = 1_000

_names: dict[ContextVar[Any], str] = {}


def bind_context(**fields: Any) -> None:
    """Bind *fields* to the records that follow in this task, thread or coroutine.

    A field without a value is left out; an identifier is bound as a string.
    At the end of a task everything is unbound: `log_context` is for less.

    >>> clear_context()
    >>> bind_context(tenant_id=0, user_id=None)
    >>> current_context()
    {'tenant_id': '0'}
    >>> clear_context()
    """
    store.bind_contextvars(**with_values(fields))


def clear_context() -> None:
    """Unbind everything, `task_id` included: for code that takes up another piece of work by itself.

    >>> bind_context(tenant_id="acme")
    >>> clear_context()
    >>> current_context()
    {}
    """
    store.clear_contextvars()


def current_context() -> dict[str, Any]:
    """Return what is bound now: what `structlog.contextvars.get_contextvars` returns, sooner."""
    bound = {}
    for variable, value in copy_context().items():
        name = _names.get(variable)
        if name is None:
            name = _name_of(variable)
        if name and value is not ...:
            bound[name] = value
    return bound


def _name_of(variable: ContextVar[Any]) -> str:
    """Return the field that *variable* of structlog's is for; nothing for anybody else's."""
    name = variable.name.removeprefix(PREFIX) if variable.name.startswith(PREFIX) else ""
    if len(_names) < VARIABLES_KNOWN:
        _names[variable] = name
    return name


def replace_context(fields: Mapping[str, Any]) -> None:
    """Make *fields*, as they are, all that is bound."""
    store.clear_contextvars()
    if fields:
        store.bind_contextvars(**fields)


@contextmanager
def log_context(**fields: Any) -> Iterator[None]:
    """Bind *fields* inside the block; leaving it restores exactly what was bound before.

    Leaving it by an exception does so too.

    >>> with log_context(operation="email.send"):
    ...     current_context()
    {'operation': 'email.send'}
    >>> current_context()
    {}
    """
    before = current_context()
    bind_context(**fields)
    try:
        yield
    finally:
        replace_context(before)


def with_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the *fields* that have a value, identifiers as strings."""
    kept = {}
    for name, value in fields.items():
        shown = identifier(value) if name in IDENTIFIERS else value
        if shown is not None and not _is_empty(shown):
            kept[name] = shown
    return kept


def identifier(value: object) -> str | None:
    """Return *value* as an identifier, or None where it identifies nothing. Never raises.

    >>> identifier(0), identifier(""), identifier("None"), identifier(None)
    ('0', None, None, None)
    """
    if value is None:
        return None
    text = value if _is_plain(value) else as_text(value, IDENTIFIER_LENGTH + 1)
    if text in ("", "None"):
        return None
    return text if len(text) <= IDENTIFIER_LENGTH else text[:IDENTIFIER_LENGTH] + "…"


def _is_plain(value: object) -> TypeGuard[str]:
    """Whether `as_text` would return *value* itself; most identifiers are of this kind."""
    return type(value) is str and len(value) <= IDENTIFIER_LENGTH and value.isascii() and is_innocent(value)


def _is_empty(value: object) -> bool:
    return issubclass(type(value), str) and str.__len__(value) == 0  # type: ignore[arg-type]
