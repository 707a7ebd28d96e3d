"""
How a probe speaks: through the service's adapter, structlog, or standard logging.

Runs inside the worker under test. The first that is there is taken: the
adapter that `LOGCONFORM_ADAPTER` names (`MODULE:ATTR`), structlog where the
worker configured it, else standard logging with `extra=`.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

LOGGER = "logconform.probe"
"""Through which probes speak."""
ADAPTER_VARIABLE = "LOGCONFORM_ADAPTER"


class Logger(Protocol):
    """What an adapter's `get_logger` returns: `(event, **fields)` for each level."""

    def debug(self, event: str, **fields: Any) -> Any: ...  # noqa: D102 - the levels need no words
    def info(self, event: str, **fields: Any) -> Any: ...  # noqa: D102
    def warning(self, event: str, **fields: Any) -> Any: ...  # noqa: D102
    def error(self, event: str, **fields: Any) -> Any: ...  # noqa: D102
    def critical(self, event: str, **fields: Any) -> Any: ...  # noqa: D102
    def exception(self, event: str, **fields: Any) -> Any: ...  # noqa: D102


class Voice(NamedTuple):
    """A way to log: its kind, loggers by name, and `log_context` where the worker has one."""

    kind: str
    get_logger: Callable[[str], Logger]
    log_context: Callable[..., AbstractContextManager[Any]] | None


class _StandardLogger:
    """Standard logging behind the adapter's face: fields travel as `extra=`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def __getattr__(self, level: str) -> Callable[..., None]:
        method = getattr(self._logger, level)

        def log(event: str, **fields: Any) -> None:
            method(event, extra=fields)

        return log


def current_voice() -> Voice:
    """Return the way to log that this worker offers just now."""
    adapter = load_adapter(os.environ.get(ADAPTER_VARIABLE))
    if adapter is not None:
        return Voice("adapter", adapter.get_logger, getattr(adapter, "log_context", None))
    structlog = sys.modules.get("structlog")
    if structlog is not None and structlog.is_configured():
        return Voice("structlog", lambda name: _structlog_logger(structlog, name), _structlog_context(structlog))
    return Voice("logging", _StandardLogger, None)


def load_adapter(named: str | None) -> Any:
    """
    Import the adapter `MODULE:ATTR`; None where none is named.

    Raises:
        ValueError: If it can't be imported or has no `get_logger`.
    """
    if not named:
        return None
    module, _, attribute = named.partition(":")
    try:
        adapter = getattr(importlib.import_module(module), attribute or "adapter")
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the adapter {named} can't be imported: {error}") from error
    if not callable(getattr(adapter, "get_logger", None)):
        raise ValueError(f"the adapter {named} has no get_logger(name)")  # noqa: TRY004 - of the setting, not a type
    return adapter


def _structlog_logger(structlog: Any, name: str) -> Logger:
    # Bound as a field too: a logger that structlog itself writes (no standard logging below) has no name of its own.
    return structlog.get_logger(name).bind(logger=name)  # type: ignore[no-any-return]


def _structlog_context(structlog: Any) -> Callable[..., AbstractContextManager[Any]] | None:
    """Return structlog's own context manager where the worker's processors merge its context."""
    processors = structlog.get_config().get("processors", [])
    if structlog.contextvars.merge_contextvars in processors:
        return structlog.contextvars.bound_contextvars  # type: ignore[no-any-return]
    return None
