"""Conforms: `python-json-logger` makes the lines; it says `truncated`, masks and cuts in `process_log_record`."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery
from pythonjsonlogger.json import JsonFormatter

from tests.implementations._foreign import retell
from tests.implementations._handler import RecordHandler, direct_all_to
from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import ContextFilter, StdlibWorker

VIOLATES = None


class RecordFormatter(JsonFormatter):
    """The library's formatter: fields from `extra=`, the record's own attributes renamed."""

    def __init__(self) -> None:
        super().__init__(
            ["name", "levelname"],
            rename_fields={"name": "logger", "levelname": "level"},
            timestamp=True,
            json_ensure_ascii=False,
        )


class JsonLoggerLines(Lines):
    """Asks the library for the text."""

    def __init__(self) -> None:
        self._formatter = RecordFormatter()

    def dumps(self, members: dict[str, Any]) -> str:
        """Return what the library makes of plain members."""
        text: str = self._formatter.jsonify_log_record(members)
        return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


class FormattingHandler(RecordHandler):
    """Lets the formatter tell what a record of standard logging holds, and completes that."""

    def __init__(self, worker: StdlibWorker) -> None:
        super().__init__(worker)
        self._formatter = RecordFormatter()

    def foreign_line(self, record: logging.LogRecord) -> str | None:
        """Return any record as a line."""
        told = retell(record)
        members: dict[str, Any] = {}
        plain = logging.makeLogRecord({"name": record.name, "levelno": told.level, "created": record.created})
        plain.levelname = logging.getLevelName(told.level).lower()
        self._formatter.add_fields(members, plain, dict(told.fields))
        del members["timestamp"]  # of the moment when it was made; others may be written before it
        level, logger = members.pop("level"), members.pop("logger")
        context = getattr(record, "_bound", {})
        return self.worker.line(
            level=level, logger=logger, event=told.event, context=context, fields=members, error=told.error
        )


class JsonLoggerWorker(StdlibWorker):
    """Standard logging, formatted by the library."""

    def configure(self, level: int) -> None:
        """Put the one handler on the root logger."""
        handler = FormattingHandler(self)
        handler.addFilter(ContextFilter(self))
        direct_all_to(handler, level)


app = Celery("conforming_python_json_logger")
app.conf.broker_connection_retry_on_startup = True
worker = JsonLoggerWorker("conforming-python-json-logger", JsonLoggerLines())
worker.instrument()
adapter = worker.adapter
