"""structlog's end of the pipeline: the loggers that the service itself uses."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, NoReturn

import structlog

from reference_worker.logging.pipeline import LEVELS, level_name, pipeline


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
            fields["message"] = _formatted(event, args)
        if "event" in fields:
            fields["extra_event"] = fields.pop("event")
        with suppress(structlog.DropEvent):
            self._process_event(level, event or "(no event)", fields)  # type: ignore[arg-type]


def configure_structlog() -> None:
    """Send what structlog's loggers are told through the pipeline."""
    structlog.configure(
        processors=[_hand_over],
        wrapper_class=Logger,
        context_class=dict,
        logger_factory=structlog.stdlib.LoggerFactory(),  # only for the name, the caller's module by default
        cache_logger_on_first_use=False,
    )


def _hand_over(logger: logging.Logger, level: str, members: MutableMapping[str, Any]) -> NoReturn:
    event = members.pop("event", None)
    exception = _exception(members.pop("exc_info", None))
    members.pop("stack_info", None)
    pipeline.write(level, logger.name, event, members, exception=exception)
    raise structlog.DropEvent


def _exception(told: object) -> BaseException | None:
    if isinstance(told, BaseException):
        return told
    if isinstance(told, tuple):
        return told[1] if len(told) > 1 and isinstance(told[1], BaseException) else None
    return sys.exc_info()[1] if told else None


def _formatted(event: object, args: tuple[Any, ...]) -> str:
    try:
        return str(event) % args
    except Exception:  # arguments that do not fit their template
        return str(event)
