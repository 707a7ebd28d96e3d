"""
Conforms: a logger of its own, with sinks, in the manner of loguru; standard logging is intercepted.

What a call adds stands in `extra`, one level down; context and lifecycle stand at the top.
"""

from __future__ import annotations

import contextvars
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery

from tests.implementations._foreign import retell
from tests.implementations._handler import direct_all_to, level_name
from tests.implementations._lifecycle import LOGGER, Execution, Lifecycle
from tests.implementations._lines import IDENTITY
from tests.implementations._stream import signals_held

VIOLATES = None


class Logger:
    """Has levels, a name and sinks; knows nothing of `logging`."""

    least = logging.WARNING

    def __init__(self, worker: OwnWorker, name: str) -> None:
        self._worker = worker
        self._name = name

    def __getattr__(self, level: str) -> Any:
        """Return the method for a level."""
        return lambda event, **fields: self.log(level, event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Log at level error, with the exception that is being handled."""
        self.log("error", event, fields, error=sys.exc_info()[1])

    def log(self, level: str, event: str, fields: dict[str, Any], **parts: Any) -> None:
        """Send one message to the sink, unless it is below the level."""
        if logging.getLevelName(level.upper()) < Logger.least or self._worker.stream is None:
            return
        parts.setdefault("context", self._worker.context())
        with signals_held():
            line = self._worker.line(
                level=level, logger=self._name, event=event, fields=_nested(fields, parts.pop("flat", False)), **parts
            )
            if line:
                self._worker.stream.write(line)


def _nested(fields: dict[str, Any], flat: bool) -> dict[str, Any]:
    if flat or not fields:
        return fields
    top = {name: value for name, value in fields.items() if name in {*IDENTITY, "error", "exception"}}
    extra = {name: value for name, value in fields.items() if name not in top}
    return {**top, "extra": extra} if extra else top


class Intercept(logging.Handler):
    """Passes records of standard logging to the logger."""

    def __init__(self, worker: OwnWorker) -> None:
        super().__init__()
        self._worker = worker

    def emit(self, record: logging.LogRecord) -> None:
        """Log *record* once more."""
        told = retell(record)
        Logger(self._worker, record.name).log(level_name(told.level), told.event, told.fields, error=told.error)


class OwnWorker(Lifecycle):
    """Its logger writes the lines; standard logging is a guest."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bound: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("own_bound")

    def swap_context(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Bind *fields* and nothing else; return what was bound before."""
        before = self.context()
        self._bound.set(dict(fields))
        return before

    def context(self) -> dict[str, Any]:
        """Return what is bound."""
        return self._bound.get({})

    def configure(self, level: int) -> None:
        """Set the level, and intercept standard logging."""
        Logger.least = level
        direct_all_to(Intercept(self), level)

    def say(
        self, level: str, event: str, execution: Execution | None, raised: BaseException | None = None, **fields: Any
    ) -> None:
        """Write a lifecycle record: its fields at the top."""
        parts: dict[str, Any] = {"context": execution.context, "secrets": execution.secrets} if execution else {}
        Logger(self, LOGGER).log(level, event, fields, flat=True, error=raised, **parts)


class Adapter:
    """What the suite's probes log through."""

    def __init__(self, worker: OwnWorker) -> None:
        self._worker = worker

    def get_logger(self, name: str) -> Logger:
        """Return the logger called *name*."""
        return Logger(self._worker, name)

    @contextmanager
    def log_context(self, **fields: Any) -> Iterator[None]:
        """Bind *fields* within the block."""
        token = self._worker._bound.set({**self._worker.context(), **fields})
        try:
            yield
        finally:
            self._worker._bound.reset(token)


app = Celery("conforming_own_logger")
app.conf.broker_connection_retry_on_startup = True
worker = OwnWorker("conforming-own-logger")
worker.instrument()
adapter = Adapter(worker)
