"""Setting the log up, once for a process and for the children it forks."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from reference_worker.logging.execution import forget_all
from reference_worker.logging.pipeline import LEVELS, Pipeline, Sink, pipeline
from reference_worker.logging.rotation import RotatingFile
from reference_worker.logging.sinks import Console, Terminal
from reference_worker.logging.standard import take_over_logging
from reference_worker.logging.stream import claim_standard_output
from reference_worker.logging.structured import Logger, configure_structlog
from reference_worker.logging.tracebacks import describe_exception

LOGGER = "reference_worker.logging"

_forgets_after_fork = False


def configure_structured_logging(  # noqa: PLR0917 - its users' code has this signature
    service_name: str = "worker",
    log_level: str = "INFO",
    log_file: str | Path | None = None,
    enable_console: bool = True,
    enable_rotation: bool = True,
    max_log_size_mb: float = 10,
    backup_count: int = 5,
) -> None:
    """Make one pipeline of structlog, standard logging, `warnings` and standard output.

    Everything comes out as one JSON object a line; on a terminal, in colour.
    A log file gets the same records. One that cannot be opened or written is
    reported once on the console, and costs nothing else. Calling again
    replaces the settings.

    Args:
        service_name: The `service` of every record.
        log_level: The least level that is written, for every logger.
        log_file: Where records are written as well; its folder is made.
        enable_console: Whether records are written to standard output.
        enable_rotation: Whether the file is cut into `backup_count` old ones.
        max_log_size_mb: Megabytes (of 1,048,576 bytes) a file may have before it is rotated.
        backup_count: How many old files stay.

    Raises:
        ValueError: If *log_level* is no level. Nothing has changed then.

    It takes the whole process over, so the example is one of its own.

    >>> import subprocess, sys
    >>> program = '''
    ... from reference_worker.logging import configure_structured_logging, get_logger
    ... configure_structured_logging(service_name="billing")
    ... get_logger("billing.invoices").info("Invoice sent", invoice_id=7, password="hunter2")
    ... print("printed")
    ... '''
    >>> for line in subprocess.check_output([sys.executable, "-c", program], text=True).splitlines():
    ...     print(line)  # doctest: +ELLIPSIS
    {"timestamp":"...Z","level":"info","service":"billing",..."invoice_id":7,"password":"[redacted]"}
    {"timestamp":"...Z",..."logger":"stdout","event":"Line on standard output","message":"printed"}
    """
    threshold = _threshold(log_level)
    pipeline.service = service_name
    pipeline.threshold = threshold
    console = _console(enable_console)
    pipeline.sinks = console
    if log_file:
        biggest = int(max_log_size_mb * 1_048_576) if enable_rotation else 0
        pipeline.sinks = (*console, RotatingFile(Path(log_file), biggest, backup_count, _file_failed(console)))
    take_over_logging(pipeline.threshold)
    configure_structlog(pipeline.threshold)
    _record_crashes()
    _forget_after_fork()


def get_logger(name: str | None = None) -> Logger:
    """Return a logger; *name* is a module's `__name__`.

    Its methods are named for the levels, take an event and fields, and never
    raise, whatever they are given. A test can look at what was logged:

    >>> from structlog.testing import capture_logs
    >>> with capture_logs() as records:
    ...     get_logger("billing.invoices").info("Invoice sent", invoice_id=7)
    >>> records
    [{'invoice_id': 7, 'event': 'Invoice sent', 'log_level': 'info'}]
    """
    logger: Logger = structlog.get_logger(name) if name else structlog.get_logger()
    return logger


def _threshold(level: str) -> int:
    try:
        return LEVELS[level.lower()]
    except KeyError:
        raise ValueError(f"log level {level!r} is none of {', '.join(LEVELS)}") from None


def _console(enabled: bool) -> tuple[Sink, ...]:
    """Return the sink of standard output. Where nobody watches, nothing else may write there."""
    if sys.stdout is not None and sys.stdout.isatty():
        return (Terminal(sys.stdout.fileno()),) if enabled else ()
    descriptor = claim_standard_output()
    return (Console(descriptor),) if enabled else ()


def _file_failed(console: tuple[Sink, ...]) -> Any:
    """Return the complaint about a log file; it goes to the console alone."""

    def complain(path: Path, fault: OSError) -> None:
        fields = {"log_file": str(path), "error": describe_exception(fault)}
        aside = Pipeline(pipeline.service, pipeline.threshold, console)
        aside.write("error", LOGGER, "Log file cannot be written", fields, trusted_event=True)

    return complain


def _record_crashes() -> None:
    """Make a record of an exception that nobody caught."""

    def crashed(_type: type[BaseException], value: BaseException, _traceback: TracebackType | None) -> None:
        pipeline.write("critical", LOGGER, "Unhandled exception", exception=value, trusted_event=True)

    def thread_crashed(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            crashed(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = crashed
    threading.excepthook = thread_crashed


def _forget_after_fork() -> None:
    global _forgets_after_fork  # noqa: PLW0603 - a handler at fork cannot be taken away, so it is added once
    if not _forgets_after_fork:
        os.register_at_fork(after_in_child=forget_all)
        _forgets_after_fork = True
