"""Records of the standard `logging` module: other libraries', Celery's, and those of `warnings`."""

from __future__ import annotations

import logging
import sys
from typing import Any

from reference_worker.logging.celery_records import rewrite
from reference_worker.logging.pipeline import level_name, pipeline

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
            pipeline.write(
                level_name(record.levelno), record.name, event, _extra(record) | fields, exception=_exception(record)
            )
        except Exception as fault:
            pipeline.write("error", record.name, "Record lost", exception=fault)


def take_over_logging(threshold: int) -> None:
    """Make the pipeline the only way out of standard logging, for every logger there is."""
    root = logging.getLogger()
    handler = PipelineHandler(threshold)
    for logger in (root, *_known_loggers()):
        logger.handlers = [kept for kept in logger.handlers if isinstance(kept, logging.NullHandler)]
        logger.disabled = False
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
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
    if record.name == "py.warnings":
        return "Warning", {"message": record.getMessage().strip()}
    if not record.args:
        return (record.msg, {}) if record.msg else (f"Message from {record.name}", {})
    template = str(record.msg)
    fields = {"message": _formatted(record, template)}
    says_something = any(part.isalpha() for part in template.replace("%s", "").replace("%r", "").replace("%d", ""))
    return (template if says_something else f"Message from {record.name}"), fields


def _formatted(record: logging.LogRecord, template: str) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit their template, or cannot be shown
        return template


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """Return what `extra=` brought; Celery's own `data` holds arguments and return values."""
    celery = record.name.startswith("celery")
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD_MEMBERS and not (celery and name == "data")
    }


def _exception(record: logging.LogRecord) -> BaseException | None:
    info: Any = record.exc_info
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1] if isinstance(info[1], BaseException) else None
    return sys.exc_info()[1] if info else None
