"""An exception as text: the short form, and the whole traceback. Never raises, never shows local variables."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import FrameType


def describe_exception(exception: BaseException) -> str:
    """Return `Type: message`, or the type alone where there is no message.

    >>> describe_exception(ConnectionError("SMTP server unavailable"))
    'ConnectionError: SMTP server unavailable'
    """
    name = type(exception).__name__
    try:
        message = str.__str__(str(exception))
    except Exception:
        message = "<exception str() failed>"
    return f"{name}: {message}" if message else name


def whole_traceback(exception: BaseException) -> str:
    """Return the traceback of *exception* with causes, groups and notes, as one text."""
    try:
        report = traceback.TracebackException(type(exception), exception, exception.__traceback__, capture_locals=False)
        return "".join(report.format()).rstrip("\n")
    except Exception:  # an exception that cannot even be taken apart
        return _frames_only(exception)


def chained(exception: BaseException) -> Iterator[BaseException]:
    """Yield *exception* and everything it came from, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [exception]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]


def frames(exception: BaseException) -> Iterator[FrameType]:
    """Yield the frames that *exception* passed through, outermost first."""
    step = exception.__traceback__
    while step is not None:
        yield step.tb_frame
        step = step.tb_next


def _frames_only(exception: BaseException) -> str:
    try:
        stack = "".join(traceback.format_tb(exception.__traceback__))
    except Exception:
        stack = ""
    return f"Traceback (most recent call last):\n{stack}{describe_exception(exception)}"
