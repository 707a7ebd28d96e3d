"""Calling what others wrote: the methods of whatever a task logs."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

RAISED = (Exception, SystemExit, KeyboardInterrupt)
"""What a value's own method may raise, and costs no more than that value."""

CALLS = 200
"""Nested calls that making a record may take."""


@contextmanager
def room_for_calls() -> Iterator[None]:
    """Permit some more nested calls where few are left: a `RecursionError` is logged where it was caught."""
    limit = sys.getrecursionlimit()
    if not _is_deep(limit - CALLS):
        yield
        return
    sys.setrecursionlimit(limit + CALLS)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def let_signals_through(fault: BaseException) -> None:
    """Raise *fault* again if a signal asks the process to end by it; it only happened to arrive here.

    Raises:
        SystemExit: If the handler of a signal raised it.
        KeyboardInterrupt: The same; or if Python itself turns Ctrl-C into it.
    """
    if isinstance(fault, (SystemExit, KeyboardInterrupt)) and _is_a_signal(fault):
        raise fault


def own(exception: BaseException, name: str) -> Any:
    """Return an attribute as `BaseException` has it: a class of its own may have anything under its name."""
    return BaseException.__dict__[name].__get__(exception)


def frames(exception: BaseException) -> Iterator[FrameType]:
    """Yield the frames that *exception* passed through, outermost first."""
    step = own(exception, "__traceback__")
    while step is not None:
        yield step.tb_frame
        step = step.tb_next


def _is_deep(calls: int) -> bool:
    try:
        sys._getframe(calls)
    except ValueError:
        return False
    return True


def _is_a_signal(fault: BaseException) -> bool:
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    if isinstance(fault, KeyboardInterrupt) and signal.default_int_handler in handlers:
        return True
    codes = {getattr(handler, "__code__", None) for handler in handlers}
    return any(frame.f_code in codes for frame in frames(fault))
