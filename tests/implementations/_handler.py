"""The one handler of a worker: every log record becomes one line of its stream."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tests.implementations._stream import signals_held

if TYPE_CHECKING:
    from tests.implementations._lifecycle import Lifecycle

LEVELS = ((50, "critical"), (40, "error"), (30, "warning"), (20, "info"))


class RecordHandler(logging.Handler):
    """Writes each log record as one line."""

    def __init__(self, worker: Lifecycle) -> None:
        super().__init__()
        self.worker = worker

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*; a soft time limit waits until it is out."""
        stream = self.worker.stream
        if stream is None:
            return
        with signals_held():
            line = self.line(record)
            if line:
                stream.write(line)

    def line(self, record: logging.LogRecord) -> str | None:
        """Return *record* as a line, or None where it is not to be written."""
        parts = getattr(record, "_parts", None)
        if parts is None:
            return self.foreign_line(record)
        return self.worker.line(level=level_name(record.levelno), logger=record.name, event=record.msg, **parts)

    def foreign_line(self, record: logging.LogRecord) -> str | None:
        """Return a record that is not of the lifecycle as a line."""
        raise NotImplementedError


def level_name(number: int) -> str:
    """Return one of the five words for a level's number."""
    return next((name for least, name in LEVELS if number >= least), "debug")


def direct_all_to(handler: logging.Handler, level: int) -> None:
    """Make *handler* the only one of all loggers there are, at one level."""
    handler.setLevel(level)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers[:] = [kept for kept in logger.handlers if isinstance(kept, logging.NullHandler)]
            logger.setLevel(logging.NOTSET)
            logger.propagate, logger.disabled = True, False
    logging.captureWarnings(True)
