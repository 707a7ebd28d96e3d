"""
The ways of writing a record, or of instrumenting a task, that are measured beside each other: one a process.

    python -m tests.benchmarks.log_ways WAY COUNT

Prints the seconds that each call took, as JSON. All write the same record to a
file in a temporary folder: an event, five fields of context, two of its own.
Each is set up as its own documentation has it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

CONTEXT = {
    "task_id": "0198d9a1-3b5f-7c41-9a1e-5d3f1f2b7c10",
    "operation": "email.send",
    "tenant_id": "tenant-042",
    "user_id": "user-12345",
    "correlation_id": "0198d9a1-3b5f-7c41-9a1e-5d3f1f2b7c11",
}
EVENT = "Email sent"
FIELDS = {"email_recipient": "user@example.org", "attempt": 1}
FILE_BYTES, BACKUPS = 10 * 1_048_576, 5
"""Of the ways that rotate; ours has the same by default."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What is called over and over: a record at level info, and one at debug, which is below the level."""

    info: Callable[[], object]
    debug: Callable[[], object]


def reference_worker(path: Path) -> Calls:
    """`reference_worker.logging`, with rotation by any number of processes."""
    from reference_worker.logging import bind_context, configure_structured_logging, get_logger

    configure_structured_logging(log_file=path, enable_console=False)
    bind_context(**CONTEXT)
    log = get_logger("service.mail").bind()
    return Calls(lambda: log.info(EVENT, **FIELDS), lambda: log.debug(EVENT, **FIELDS))


def structlog_fastest(path: Path) -> Calls:
    """structlog as its page on performance has it: no logger's name, no rotation."""
    _configure_fastest(path.open("ab"))
    return _structlog_calls()


def guide(path: Path) -> Calls:
    """structlog through standard logging, `json`, RotatingFileHandler: the guide's set-up."""
    import structlog

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    renderer = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    _to_root(path, renderer)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return _structlog_calls()


def python_json_logger(path: Path) -> Calls:
    """python-json-logger on RotatingFileHandler; it merges no context, so every call brings it."""
    from pythonjsonlogger.json import JsonFormatter

    _to_root(path, JsonFormatter("{asctime}{levelname}{name}{message}", style="{"))
    log = logging.getLogger("service.mail")
    everything = CONTEXT | FIELDS
    return Calls(lambda: log.info(EVENT, extra=everything), lambda: log.debug(EVENT, extra=everything))


def _configure_fastest(file: Any) -> None:
    import orjson
    import structlog

    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(file),
    )


def _structlog_calls() -> Calls:
    import structlog

    structlog.contextvars.bind_contextvars(**CONTEXT)
    log = structlog.get_logger("service.mail").bind()
    return Calls(lambda: log.info(EVENT, **FIELDS), lambda: log.debug(EVENT, **FIELDS))


def _to_root(path: Path, formatter: logging.Formatter) -> None:
    handler = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=BACKUPS)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)


def instrument_with_reference_worker(path: Path) -> Callable[[], object]:
    """Connect the reference worker's handlers. Returns what runs a task that does nothing, in this process."""
    from reference_worker.logging import configure_structured_logging, instrument

    task = _task()
    configure_structured_logging(log_file=path, enable_console=False)
    instrument(task.app)
    logging.getLogger("celery.app.trace").setLevel(logging.WARNING)  # its "succeeded" is no instrumentation
    return task.apply


def instrument_with_django_structlog(path: Path) -> Callable[[], object]:
    """Connect django-structlog's receivers, with the renderer and the file that the reference worker has."""
    from django.conf import settings

    settings.configure()
    from django_structlog.celery.receivers import CeleryReceiver

    task = _task()
    _configure_fastest(_SameFile(path))
    receiver = CeleryReceiver()
    receiver.connect_worker_signals()
    task.receiver = receiver  # Celery's signals hold it weakly
    return task.apply


class _SameFile:
    """The reference worker's rotating file, as what structlog's `BytesLogger` writes to."""

    def __init__(self, path: Path) -> None:
        from reference_worker.logging.rotation import RotatingFile

        self._file = RotatingFile(path, FILE_BYTES, BACKUPS, _complain)

    def write(self, line: bytes) -> None:
        self._file.write({}, line)

    def flush(self) -> None:
        """Do nothing: a line is written when `write` returns."""


def _complain(path: Path, fault: OSError) -> None:
    raise AssertionError(f"{path}: {fault}")


def _task() -> Any:
    from celery import Celery

    app = Celery("benchmark", broker="memory://", set_as_current=True)

    @app.task(name="benchmark.nothing")
    def nothing() -> None:
        pass

    return nothing


RECORDS = {way.__name__: way for way in (reference_worker, structlog_fastest, guide, python_json_logger)}
TASKS = {way.__name__: way for way in (instrument_with_reference_worker, instrument_with_django_structlog)}


def seconds_per_call(call: Callable[[], object], count: int) -> float:
    """Return the mean over *count* calls, after a tenth as many that do not count."""
    for _ in range(count // 10 + 1):
        call()
    began = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - began) / count


def measure_records(way: str, path: Path, count: int) -> dict[str, float]:
    """Return the seconds of a record (`info`) and of one below the level (`debug`)."""
    calls = RECORDS[way](path)
    info = seconds_per_call(calls.info, count)
    debug = seconds_per_call(calls.debug, count * 4)
    _check(path, 1, {"email_recipient", "tenant_id"})
    return {"info": info, "debug": debug}


def measure_task(way: str, path: Path, count: int) -> dict[str, float]:
    """Return the seconds of a task that does nothing: `bare`, then `instrumented`."""
    bare = seconds_per_call(_task().apply, count)
    run = TASKS[way](path)
    run()
    _check(path, 2, {"task_id"})
    return {"bare": bare, "instrumented": seconds_per_call(run, count)}


def _check(path: Path, at_least: int, names: set[str]) -> None:
    """
    Make sure that it is records that were written.

    Raises:
        SystemExit: If it is something else.
    """
    logging.shutdown()
    lines = path.read_bytes().splitlines()
    if len(lines) < at_least or not all(names <= json.loads(line).keys() for line in lines[-at_least:]):
        raise SystemExit(f"{path.name} does not hold what should have been written: {lines[-at_least:]!r}")


def main() -> None:
    """Measure the way that the command line names."""
    way, count = sys.argv[1], int(sys.argv[2])
    output = os.dup(1)  # the reference worker takes standard output for its log
    with tempfile.TemporaryDirectory(prefix="log-ways-") as folder:
        path = Path(folder, "worker.log")
        measure = measure_records if way in RECORDS else measure_task
        os.write(output, json.dumps(measure(way, path, count)).encode())


if __name__ == "__main__":
    main()
