"""A worker that logs with structlog over standard logging: `ProcessorFormatter` renders both kinds of records."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from tests.implementations._foreign import Told, retell
from tests.implementations._handler import RecordHandler, direct_all_to, level_name
from tests.implementations._lifecycle import Lifecycle


class StructlogWorker(Lifecycle):
    """Context in structlog's context variables."""

    def swap_context(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Bind *fields* and nothing else; return what was bound before."""
        before = self.context()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**fields)
        return before

    def context(self) -> dict[str, Any]:
        """Return what is bound."""
        return structlog.contextvars.get_contextvars()

    def configure(self, level: int) -> None:
        """Configure structlog, and put the one handler on the root logger."""
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.PositionalArgumentsFormatter(),
                structlog.processors.StackInfoRenderer(),
                structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
            logger_factory=structlog.stdlib.LoggerFactory(),
            cache_logger_on_first_use=True,
        )
        formatter = structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[retell_foreign],
            processors=[self.render],
            pass_foreign_args=True,
            use_get_message=False,
        )
        handler = FormattingHandler(self)
        handler.setFormatter(formatter)
        direct_all_to(handler, level)

    def render(self, _logger: Any, _method: str, members: Any) -> str:
        """Return an event dictionary as a line: the last processor."""
        record = members.pop("_record")
        members.pop("_from_structlog")
        told = members.pop("_told", None) or _tell(record, members)
        context = self.context()
        fields = {name: value for name, value in told.fields.items() if value is not context.get(name, self)}
        line = self.line(
            level=level_name(told.level),
            logger=record.name,
            event=told.event,
            context=context,
            fields=fields,
            error=told.error,
        )
        return line or ""


class FormattingHandler(RecordHandler):
    """Leaves it to the formatter what a line looks like."""

    def foreign_line(self, record: logging.LogRecord) -> str | None:
        """Return a record of structlog or of standard logging as a line."""
        try:
            return self.format(record)
        except Exception as error:
            return self.worker.unspeakable(error)


def retell_foreign(_logger: Any, _method: str, members: Any) -> Any:
    """Add what to write of a record of standard logging: a processor."""
    record = members["_record"]
    record.args = members.pop("positional_args", ())
    members["_told"] = retell(record)
    record.args = ()
    return members


def _tell(record: logging.LogRecord, members: dict[str, Any]) -> Told:
    """Return what to write of structlog's own record."""
    event, error = members.pop("event", None), _error_of(members.pop("exc_info", None))
    if members.get("logger") == record.name:
        del members["logger"]
    return Told(record.levelno, event, members, error)


def _error_of(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None
