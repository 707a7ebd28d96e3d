"""Values that a log meets sooner or later, and that JSON cannot hold or a reader might trip over."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import uuid
from collections.abc import Callable
from typing import Any


class _Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class _Point:
    x: int
    y: int


class _Unprintable:
    """An object whose `__repr__` and `__str__` raise."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


class _UnhashableText(str):
    """A text that claims to be one, and raises when it is used as one."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no str")


def _cycle() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


FORGED = '{"timestamp": "2025-01-01T00:00:00.000000Z", "level": "info", "event": "Forged", "forged": true}'

VALUES: dict[str, Callable[[str], Any]] = {
    "a datetime": lambda _: datetime.datetime(2025, 9, 12, 20, 5, tzinfo=datetime.UTC),
    "a UUID": lambda _: uuid.UUID(int=7),
    "a Decimal": lambda _: decimal.Decimal("1.10"),
    "bytes": lambda _: b"\xff\x00bytes",
    "a set": lambda _: {"one", "two"},
    "an exception": lambda probe: ValueError(f"a value in probe {probe}"),
    "an enum member": lambda _: _Colour.RED,
    "a dataclass": lambda _: _Point(1, 2),
    "a lone surrogate": lambda _: "half \ud800 a pair",
    "an integer beyond 64 bits": lambda _: 2**80,
    "a cycle": lambda _: _cycle(),
    "an object whose repr raises": lambda _: _Unprintable(),
    "a mapping with keys that are not strings": lambda _: {("a", 1): "tuple", b"b": "bytes", None: "none"},
    "not a number": lambda _: float("nan"),
    "infinity": lambda _: float("inf"),
    "minus infinity inside a list": lambda _: [1.0, float("-inf")],
    "a newline": lambda probe: f"first\n{FORGED}\nlast {probe}",
    "a carriage return": lambda probe: f"first\r{FORGED}\r\nlast {probe}",
    "NUL": lambda probe: f"zero \x00 {probe}",
    "a line separator": lambda probe: f"first\u2028{FORGED}\u2029last {probe}",
    "an ANSI escape": lambda probe: f"\x1b[2K\x1b[1A\x1b[31mred\x1b[0m {probe}",
    "a JSON fragment": lambda probe: f'"}}, "forged": true, "x": {{"y": "{probe}',
    "a text of one megabyte": lambda probe: f"{probe} " + "long " * 200_000,
    "many long texts": lambda _: ["x" * 9_000 for _ in range(60)],
}


class _RaisingTextError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class _UnpicklableError(Exception):
    def __init__(self, probe: str, needed: object) -> None:
        super().__init__(f"cannot travel, probe {probe}")
        self.needed = needed

    def __reduce__(self) -> Any:
        raise TypeError("not to be pickled")


EXCEPTIONS: dict[str, Callable[[str], Exception]] = {
    "whose text raises": lambda _: _RaisingTextError(),
    "that cannot be pickled": lambda probe: _UnpicklableError(probe, object()),
    "with a huge message": lambda probe: ValueError(f"huge in probe {probe} " + "x" * 1_000_000),
    "with a message that is not Unicode": lambda probe: ValueError(f"odd in probe {probe} \ud800"),
    "with a message of several lines": lambda probe: ValueError(f"odd in probe {probe}\n{FORGED}\nTraceback"),
}


class _Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no equality")

    __hash__ = None  # type: ignore[assignment]


IDENTIFIERS: dict[str, Callable[[], Any]] = {
    "an object whose str raises": _Hostile,
    "bytes that are not text": lambda: b"\xff\xfe",
    "a set": lambda: {"a", "b"},
}


def identifier(name: str) -> Any:
    """Return the identifier called *name*: one that no message could carry."""
    return IDENTIFIERS[name]()
