"""Conforms: structlog down to the file descriptor; standard logging is a guest, whose records become structlog's."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from celery import Celery

from tests.implementations._foreign import retell
from tests.implementations._handler import direct_all_to, level_name
from tests.implementations._lifecycle import LOGGER, Lifecycle
from tests.implementations._lines import Lines
from tests.implementations._stream import signals_held

VIOLATES = None


class OrjsonLines(Lines):
    """What orjson makes: raw UTF-8, no spaces."""

    def timestamp(self) -> str:
        """Return the present instant, another way."""
        return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def dumps(self, members: dict[str, Any]) -> str:
        """Return the JSON text."""
        return orjson.dumps(members).decode()


class RawLogger:
    """The logger that structlog wraps: it has a name, and takes whole lines."""

    def __init__(self, worker: NativeWorker, name: str) -> None:
        self.name = name
        self._worker = worker

    def msg(self, line: str) -> None:
        """Write one line."""
        if line and self._worker.stream is not None:
            with signals_held():
                self._worker.stream.write(line)

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


class Bridge(logging.Handler):
    """Passes a record of standard logging on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log *record* once more."""
        told = retell(record)
        logger = structlog.get_logger(record.name)
        method = getattr(logger, level_name(told.level))
        method(told.event, _foreign=told.fields, exc_info=told.error)


class NativeWorker(Lifecycle):
    """structlog alone."""

    def swap_context(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Bind *fields* and nothing else; return what was bound before."""
        before = structlog.contextvars.get_contextvars()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**fields)
        return before

    def context(self) -> dict[str, Any]:
        """Return what is bound."""
        return structlog.contextvars.get_contextvars()

    def configure(self, level: int) -> None:
        """Let structlog filter and write; let standard logging pass its records on."""
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                self.render,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=lambda *names: RawLogger(self, *(names or ("root",))[:1]),
            cache_logger_on_first_use=False,
        )
        direct_all_to(Bridge(), level)

    def say(self, level: str, event: str, execution: Any, raised: Any = None, **fields: Any) -> None:
        """Write a lifecycle record through structlog."""
        logger = structlog.get_logger(LOGGER)
        getattr(logger, level)(event, _of=execution, exc_info=raised, **fields)

    def render(self, logger: Any, _method: str, members: Any) -> str:
        """Return the event dictionary as a line."""
        execution, error = members.pop("_of", None), members.pop("exc_info", None)
        if error is True:
            import sys

            error = sys.exc_info()[1]
        bound = self.context() if execution is None else execution.context
        name, event, level = members.pop("logger", logger.name), members.pop("event"), members.pop("level")
        fields = {**members.pop("_foreign", {}), **{k: v for k, v in members.items() if v is not bound.get(k, self)}}
        if execution is not None:
            fields = {k: v for k, v in fields.items() if k not in self.context() or k not in members}
        return self.line(level=level, logger=name, event=event, context=bound, fields=fields, error=error) or ""


app = Celery("conforming_native_structlog")
app.conf.broker_connection_retry_on_startup = True
worker = NativeWorker("conforming-native-structlog", OrjsonLines())
worker.instrument()
