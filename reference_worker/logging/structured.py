"""structlog's end of the pipeline: the loggers that the service itself uses."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, NoReturn

import structlog

from reference_worker.logging.formatting import formatted
from reference_worker.logging.pipeline import LEVELS, level_name, pipeline
from reference_worker.logging.tracebacks import exception_of


class Logger(structlog.BoundLoggerBase):
    """A logger whose calls never raise, whatever they are given."""

    def debug(self, event: object = None, /, *args: Any, **fields: Any) -> None:
        """Write a record for whoever looks for a fault."""
        self._log("debug", event, args, fields)

    def info(self, event: object = None, /, *args: Any, **fields: Any) -> None:
        """Write a record of the normal course."""
        self._log("info", event, args, fields)

    def warning(self, event: object = None, /, *args: Any, **fields: Any) -> None:
        """Write a record of something unusual that was coped with."""
        self._log("warning", event, args, fields)

    def error(self, event: object = None, /, *args: Any, **fields: Any) -> None:
        """Write a record of a failure; in an exception handler of a task, with the exception."""
        self._log("error", event, args, fields)

    def exception(self, event: object = None, /, *args: Any, **fields: Any) -> None:
        """Write a record of the exception being handled."""
        fields.setdefault("exc_info", True)
        self._log("error", event, args, fields)

    def critical(self, event: object = None, /, *args: Any, **fields: Any) -> None:
        """Write a record of a failure that ends the service's work."""
        self._log("critical", event, args, fields)

    def log(self, level: int, event: object = None, /, *args: Any, **fields: Any) -> None:
        """Write a record at standard logging's *level*."""
        self._log(level_name(level), event, args, fields)

    def is_enabled_for(self, level: int) -> bool:
        """Whether records of standard logging's *level* are written."""
        return level >= pipeline.threshold

    def get_effective_level(self) -> int:
        """Return standard logging's number of the least level that is written."""
        return pipeline.threshold

    isEnabledFor, getEffectiveLevel = is_enabled_for, get_effective_level
    warn, fatal, msg, err = warning, critical, info, error

    def _log(self, level: str, event: object, args: tuple[Any, ...], fields: dict[str, Any]) -> None:
        if LEVELS[level] < pipeline.threshold:
            return
        if args:
            fields["message"] = formatted(event, args)
        if "event" in fields:
            fields["extra_event"] = fields.pop("event")
        if self._processors == _PROCESSORS:
            if self._context:
                fields = {**self._context, **fields}
            _write(level, self._logger, event, fields)
            return
        with suppress(
            structlog.DropEvent
        ):  # somebody put processors of their own in the way: a test that captures, say
            self._process_event(level, event or "(no event)", fields)  # type: ignore[arg-type]


def configure_structlog(threshold: int) -> None:
    """Send what structlog's loggers are told through the pipeline; methods below *threshold* do nothing at all."""
    for name, (level, method) in _METHODS.items():
        setattr(Logger, name, method if LEVELS[level] >= threshold else _do_nothing)
    structlog.configure(
        processors=list(_PROCESSORS),
        wrapper_class=Logger,
        context_class=dict,
        logger_factory=structlog.stdlib.LoggerFactory(),  # only for the name, the caller's module by default
        cache_logger_on_first_use=True,  # a logger holds no settings, so it never grows stale
    )


def _do_nothing(_self: Logger, _event: object = None, /, *_args: Any, **_fields: Any) -> None:
    """Take the place of a method below the threshold."""


def _hand_over(logger: logging.Logger, level: str, members: MutableMapping[str, Any]) -> NoReturn:
    _write(level, logger, members.pop("event", None), dict(members))
    raise structlog.DropEvent


def _write(level: str, logger: logging.Logger, event: object, fields: dict[str, Any]) -> None:
    exception = exception_of(fields.pop("exc_info")) if "exc_info" in fields else None
    fields.pop("stack_info", None)
    pipeline.write(level, logger.name, event, fields, exception=exception)


_PROCESSORS = [_hand_over]
_METHODS = {
    name: (level, getattr(Logger, name))
    for level, names in {
        "debug": ["debug"],
        "info": ["info", "msg"],
        "warning": ["warning", "warn"],
        "error": ["error", "err", "exception"],
        "critical": ["critical", "fatal"],
    }.items()
    for name in names
}
