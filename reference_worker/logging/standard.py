"""Records of the standard `logging` module: other libraries', Celery's, and those of `warnings`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from reference_worker.logging.celery_records import rewrite
from reference_worker.logging.foreign import RAISED, let_signals_through
from reference_worker.logging.formatting import formatted
from reference_worker.logging.pipeline import level_name, pipeline
from reference_worker.logging.tracebacks import exception_of

LONGEST_PHRASE = 1_000
"""Characters of a template in which words are looked for."""

LEVEL_IS_A_SWITCH = frozenset({"sqlalchemy"})
"""Libraries whose loggers' level is no threshold: lowering it switches an echo of every statement on."""

_STANDARD_MEMBERS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class PipelineHandler(logging.Handler):
    """Sends every standard record through the pipeline."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*. Whatever it holds, neither the record is lost nor the caller disturbed."""
        try:
            rewritten = rewrite(record)
            if rewritten is not None:
                pipeline.write(rewritten.level, record.name, rewritten.event, rewritten.fields, trusted_event=True)
                return
            event, fields = _event(record)
            level, exception = level_name(record.levelno), exception_of(record.exc_info)
            pipeline.write(level, record.name, event, _extra(record) | fields, exception=exception)
        except Exception as fault:
            pipeline.write("error", record.name, "Record lost", exception=fault)


class CarefulFactory:
    """Makes standard records as *make* does, which looks at an only argument and lets it raise into the caller."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(  # noqa: PLR0917 - as `logging` calls it
        self, name: str, level: int, path: str, line: int, template: object, args: Any, *rest: Any, **more: Any
    ) -> logging.LogRecord:
        """Make a record."""
        try:
            return self._make(name, level, path, line, template, args, *rest, **more)
        except RAISED as fault:
            let_signals_through(fault)
            record = self._make(name, level, path, line, template, (), *rest, **more)
            record.args = args
            return record


def take_over_logging(threshold: int) -> None:
    """Make the pipeline the only way out of standard logging, for every logger there is."""
    root = logging.getLogger()
    handler = PipelineHandler(threshold)
    for logger in (root, *_known_loggers()):
        logger.handlers = [kept for kept in logger.handlers if isinstance(kept, logging.NullHandler)]
        logger.disabled = False
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    make = logging.getLogRecordFactory()
    logging.setLogRecordFactory(make if isinstance(make, CarefulFactory) else CarefulFactory(make))
    root.handlers = [handler]
    root.setLevel(threshold)
    logging.captureWarnings(True)


def _known_loggers() -> list[logging.Logger]:
    for name in ("billiard.util", "multiprocessing.util"):
        # Their own logger stops propagating when it is first asked for: ask before taking over.
        if name in sys.modules:
            sys.modules[name].get_logger()
    found = logging.root.manager.loggerDict.values()
    return [logger for logger in found if isinstance(logger, logging.Logger) and not _is_switch(logger.name)]


def _is_switch(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in LEVEL_IS_A_SWITCH


def _event(record: logging.LogRecord) -> tuple[object, dict[str, Any]]:
    """Return the constant part of the message, and the whole as a field where it differs."""
    template, args = record.msg, record.args
    if record.name == "py.warnings":
        return "Warning", {"message": formatted(template, args).strip()}
    if args is None or (type(args) is tuple and not args):
        nothing = template is None or (type(template) is str and not template)
        return (f"Message from {record.name}" if nothing else template), {}
    says_something = type(template) is not str or _says_something(template[:LONGEST_PHRASE])
    event = template if says_something else f"Message from {record.name}"
    return event, {"message": formatted(template, args)}


def _says_something(template: str) -> bool:
    return any(part.isalpha() for part in template.replace("%s", "").replace("%r", "").replace("%d", ""))


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """Return what `extra=` brought; Celery's own `data` holds arguments and return values."""
    celery = record.name.startswith("celery")
    return {
        name: value
        for name, value in vars(record).items()
        if (type(name) is not str or name not in _STANDARD_MEMBERS) and not (celery and name == "data")
    }
