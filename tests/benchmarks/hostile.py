"""
What a hostile value costs the task that logs it: the CPU time of one call, through the reference worker's pipeline.

    python -m tests.benchmarks.hostile

Each value is written as a field, as the event, as an argument of a standard
logger's template, bound to the context, and in an exception. The least time
of several is shown.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from reference_worker.logging import get_logger
from reference_worker.logging.encoding import LONGEST_RECORD
from reference_worker.logging.execution import Execution, guard
from reference_worker.logging.pipeline import pipeline
from reference_worker.logging.standard import PipelineHandler
from reference_worker.logging.structured import configure_structlog

LONG = 10_000_000
MANY = 1_000_000
MOST_MILLISECONDS = 50.0

_SECRET = "hunter2"
_TEXTS = (
    *("x", "\n", "\0", "\x7f", "\x1b[31m", "\u2028", "😀", "ſ", "\ud800", f"{_SECRET} "),
    *("password=x ", "pwd=%d ", "password='", "tokens=1 ", "token", "://", "://u:p@h ", "-----BEGIN PRIVATE KEY-----"),
)


def repeated(text: str) -> str:
    """Return *text* so often that it makes 10 MB of UTF-8."""
    return text * (LONG // len(text.encode("utf-8", "surrogatepass")))


def repeatedly(text: str) -> Callable[[], str]:
    """Return what makes 10 MB of *text*."""
    return lambda: repeated(text)


class Same:
    """Looks like any other."""

    def __str__(self) -> str:
        return "same"


def nested(width: int, depth: int) -> list[Any]:
    """Return a list that holds one list *width* times, which does so too, and so on."""
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner] * width
    return inner


VALUES: Mapping[str, Callable[[], object]] = {
    **{f"{text!r} repeated": repeatedly(text) for text in _TEXTS},
    "texts, all different": lambda: " ".join(f"pwd=x{number}" for number in range(LONG // 11)),
    "bytes": lambda: b"x" * LONG,
    "bytes, no UTF-8": lambda: b"\xff" * LONG,
    "bytearray": lambda: bytearray(LONG),
    "list of 1 M integers": lambda: list(range(MANY)),
    "list of 1 M texts": lambda: [f"token={number}" for number in range(MANY)],
    "list of 1 M lists": lambda: [[] for _ in range(MANY)],
    "list of 100 such texts": lambda: [repeated("password=x ")] * 100,
    "list of lists, 10⁴⁰ in all": lambda: nested(10, 40),
    "set of 1 M integers": lambda: set(range(MANY)),
    "dict of 1 M integers": lambda: {str(number): number for number in range(MANY)},
    "dict of 1 M, all alike": lambda: {Same(): number for number in range(MANY)},
    "dict with a name of 10 MB": lambda: {repeated("token "): 1},
    "view of a dict of 1 M": lambda: dict.fromkeys(range(MANY)).keys(),
}


def recurse() -> None:
    """Recurse."""
    recurse()


def raised_by(call: Callable[[], None]) -> BaseException:
    """Return what *call* raises."""
    try:
        call()
    except RecursionError as exception:
        return exception
    raise AssertionError("it raises nothing")


def chain(length: int, message: str = "x") -> BaseException:
    """Return an exception with many causes."""
    exception = ValueError(message)
    for _ in range(length - 1):
        following = ValueError(message)
        following.__cause__ = exception
        exception = following
    return exception


def groups(width: int, depth: int) -> BaseException:
    """Return a group that holds one group *width* times, which does so too, and so on."""
    inner: Exception = ValueError("innermost")
    for _ in range(depth):
        inner = ExceptionGroup("group", [inner] * width)
    return inner


def with_notes(*notes: str) -> BaseException:
    """Return an exception with *notes*."""
    exception = ValueError("noted")
    exception.__notes__ = list(notes)
    return exception


EXCEPTIONS: Mapping[str, Callable[[], BaseException]] = {
    "1,000 frames": lambda: raised_by(recurse),
    "10,000 causes": lambda: chain(10_000),
    "15 causes of 10 MB": lambda: chain(15, repeated("password=x\n")),
    "group of 10,000": lambda: ExceptionGroup("many", [ValueError(number) for number in range(10_000)]),
    "group of 10, of 10 MB each": lambda: ExceptionGroup("long", [ValueError(repeated("password=x\n"))] * 10),
    "group of groups, 10²⁰ in all": lambda: groups(10, 20),
    "1 M notes": lambda: with_notes(*["note"] * MANY),
    "a note of 10 MB": lambda: with_notes(repeated("password=x\n")),
    "1 M arguments": lambda: ValueError(*range(MANY)),
    "a syntax error in 10 MB": lambda: SyntaxError("bad", ("file", 1, LONG // 2, repeated("x "), 1, LONG)),
}


class Length:
    """A sink that looks at how long the records are, and at nothing else."""

    def write(self, _record: Mapping[str, Any], line: bytes, /) -> None:
        """Look at one."""
        if len(line) > LONGEST_RECORD:
            raise AssertionError(f"a record of {len(line)} bytes")


def _as_field(value: object) -> None:
    get_logger("benchmark").info("Value", value=value)


def _as_event(value: object) -> None:
    get_logger("benchmark").info(value)


def _as_argument(value: object) -> None:
    _standard.info("Value %s", value)


def _in_context(value: object) -> None:
    pipeline.write("info", "benchmark", "Value", context={"task_id": "t", "user_id": value, "value": value})


def _in_exception(value: object) -> None:
    _with_exception(value if isinstance(value, BaseException) else ValueError(value))


def _with_exception(exception: BaseException) -> None:
    pipeline.write("error", "benchmark", "Failed", exception=exception)


_standard = logging.Logger("benchmark")
_WAYS: Mapping[str, Callable[[Any], None]] = {
    "field": _as_field,
    "event": _as_event,
    "argument": _as_argument,
    "context": _in_context,
    "exception": _in_exception,
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one value costs, in milliseconds of CPU time, by the way it comes in."""

    name: str
    milliseconds: Mapping[str, float]


def measure(rounds: int) -> list[Cost]:
    """Measure every value by every way in."""
    pipeline.sinks = (Length(),)
    configure_structlog(logging.INFO)
    _standard.handlers = [PipelineHandler()]
    running = Execution("t", "benchmark", {}, secrets=(_SECRET,))
    guard(running)
    return [_cost(name, make(), rounds) for name, make in {**VALUES, **EXCEPTIONS}.items()]


def _cost(name: str, value: object, rounds: int) -> Cost:
    return Cost(name, {way: min(_milliseconds(call, value) for _ in range(rounds)) for way, call in _WAYS.items()})


def _milliseconds(call: Callable[[Any], None], value: object) -> float:
    began = time.process_time()
    call(value)
    return (time.process_time() - began) * 1e3


@click.command(help="Log values of 10 MB and of a million members in every way, and measure each call.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="The least of so many counts.")
def main(rounds: int) -> None:
    """Print the table; exit code 1 where a call takes 50 ms or more."""
    costs = measure(rounds)
    table = Table("", *_WAYS, title="CPU milliseconds of one call")
    for cost in costs:
        table.add_row(cost.name, *(f"{cost.milliseconds[way]:.1f}" for way in _WAYS))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    worst = max(max(cost.milliseconds.values()) for cost in costs)
    click.echo(f"The dearest call: {worst:.1f} ms; wanted: less than {MOST_MILLISECONDS:.0f} ms.")
    sys.exit(0 if worst < MOST_MILLISECONDS else 1)


if __name__ == "__main__":
    main()
