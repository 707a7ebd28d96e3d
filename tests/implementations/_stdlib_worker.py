"""A worker that logs with the standard library alone: root handler, context filter, JSON formatter, `extra=`."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.implementations._foreign import retell
from tests.implementations._handler import RecordHandler, direct_all_to, level_name
from tests.implementations._lifecycle import Lifecycle


class StdlibWorker(Lifecycle):
    """Context in one context variable; records through `logging`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bound: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("bound")
        self.adapter = Adapter(self)

    def swap_context(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Bind *fields* and nothing else; return what was bound before."""
        before = self.context()
        self._bound.set(dict(fields))
        return before

    def context(self) -> dict[str, Any]:
        """Return what is bound."""
        return self._bound.get({})

    def configure(self, level: int) -> None:
        """Put the one handler on the root logger."""
        handler = StdlibHandler(self)
        handler.addFilter(ContextFilter(self))
        direct_all_to(handler, level)


class ContextFilter(logging.Filter):
    """Puts what is bound on a record, under a name that no `extra=` collides with."""

    def __init__(self, worker: StdlibWorker) -> None:
        super().__init__()
        self._worker = worker

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record._bound = self._worker.context()
        return True


class StdlibHandler(RecordHandler):
    """Takes fields from `extra=`, and context from the filter."""

    def foreign_line(self, record: logging.LogRecord) -> str | None:
        """Return any record of standard logging as a line."""
        told = retell(record)
        return self.worker.line(
            level=level_name(told.level),
            logger=record.name,
            event=told.event,
            context=getattr(record, "_bound", {}),
            fields=told.fields,
            error=told.error,
        )


class Adapter:
    """How a task of this worker logs: `(event, **fields)`, and blocks of context."""

    def __init__(self, worker: StdlibWorker) -> None:
        self._worker = worker

    def get_logger(self, name: str) -> AdapterLogger:
        """Return the logger called *name*."""
        return AdapterLogger(logging.getLogger(name))

    @contextmanager
    def log_context(self, **fields: Any) -> Iterator[None]:
        """Bind *fields* within the block; afterwards, what was bound before it."""
        before = self._worker.swap_context({**self._worker.context(), **fields})
        try:
            yield
        finally:
            self._worker.swap_context(before)


class AdapterLogger:
    """Passes fields on as one `extra=` that no field's name collides with."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def debug(self, event: str, **fields: Any) -> None:
        """Log at level debug."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """Log at level info."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Log at level warning."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Log at level error."""
        self._log(logging.ERROR, event, fields)

    def critical(self, event: str, **fields: Any) -> None:
        """Log at level critical."""
        self._log(logging.CRITICAL, event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Log at level error, with the exception that is being handled."""
        self._log(logging.ERROR, event, {"exc_info": True, **fields})

    def _log(self, level: int, event: str, fields: dict[str, Any]) -> None:
        exc_info = fields.pop("exc_info", None)
        self._logger.log(level, event, exc_info=exc_info, extra={"_fields": fields}, stacklevel=3)
