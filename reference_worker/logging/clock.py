"""The time of a record: UTC, microseconds, and never backwards within one execution."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Anchor:
    """A moment on both clocks. Times told from it go forward, even if the wall clock is set back."""

    wall_ns: int = field(default_factory=time.time_ns)
    steady_ns: int = field(default_factory=time.monotonic_ns)

    def now_ns(self) -> int:
        """Return the wall clock's nanoseconds, as the steady clock counted them since the anchor."""
        return self.wall_ns + self.elapsed_ns()

    def elapsed_ns(self) -> int:
        """Return the nanoseconds since the anchor."""
        return time.monotonic_ns() - self.steady_ns


_second = (0, "")


def timestamp(nanoseconds: int) -> str:
    """Return an RFC 3339 time in UTC with six fractional digits.

    >>> timestamp(1_757_707_503_001_184_999)
    '2025-09-12T20:05:03.001184Z'
    """
    global _second  # noqa: PLW0603 - the last second's text, replaced whole: a thread sees one or the other
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    known, text = _second
    if known != seconds:
        text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(seconds))
        _second = (seconds, text)
    return f"{text}{rest // 1000:06d}Z"
