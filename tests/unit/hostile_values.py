"""Values that a task may log although JSON cannot hold them, Python cannot show them, or they lie about themselves."""

from __future__ import annotations

import enum
import functools
import sys
import types
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from unittest.mock import MagicMock
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pydantic

from reference_worker.logging.encoding import DEEPEST

ANYTHING = object()
"""Stands for a form that the table leaves open."""


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Account:
    name: str
    api_key: str = "k-123456"
    note: str = field(default="not for the log", repr=False)


@attrs.define
class Parcel:
    weight: int
    contents: list[str] = attrs.field(factory=list)
    token: str = "t-123456"
    seal: str = attrs.field(default="not for the log", repr=False)


class Customer(pydantic.BaseModel):
    name: str
    born: date
    code: pydantic.SecretStr = pydantic.SecretStr("not for the log")
    card: str = pydantic.Field(default="not for the log", exclude=True)


Point = namedtuple("Point", "x token")


class OddZone(tzinfo):
    """Is 17 seconds off, and has no name."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        return timedelta(seconds=17)

    def tzname(self, when: datetime | None) -> None:
        return None

    def dst(self, when: datetime | None) -> None:
        return None


class BrokenZone(tzinfo):
    def utcoffset(self, when: datetime | None) -> timedelta:
        raise RuntimeError("no zone")


def refuses(*names: str, fault: BaseException | None = None, base: type = object) -> Any:
    """Return an object whose methods *names* raise."""

    def refuse(*_args: object, **_more: object) -> Any:
        raise fault or RuntimeError("refused")

    return type("Refuses", (base,), dict.fromkeys(names, refuse))()


class Liar:
    """Claims to be a dict of a thousand members that equals anything."""

    @property
    def __class__(self) -> Any:
        return dict

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        raise TypeError(kind)

    def __len__(self) -> int:
        return 1000

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __str__(self) -> str:
        return "a liar"


class NoClass:
    """Raises for whoever asks what it is, as a proxy does that is bound to nothing."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("bound to nothing")

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        raise TypeError(kind)

    def __str__(self) -> str:
        return "nobody"


class NoAttributes:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class EndlessList(list):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[Any]:
        while True:
            yield 0

    def __len__(self) -> int:
        return 10**9


class EndlessMapping(UserDict):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 10**9

    def items(self) -> Any:
        return ((number, number) for number in iter(int, 1))


class ShoutingText(str):
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __format__ = upper = lower = encode = __str__  # type: ignore[assignment]

    def __len__(self) -> int:
        return -1  # noqa: PLE0303 - that is the point

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = str.__hash__


class OddNumber(int):
    def __int__(self) -> int:
        raise RuntimeError("no")

    __str__ = __repr__ = __add__ = __lt__ = __eq__ = __int__  # type: ignore[assignment]
    __hash__ = int.__hash__


class NoName(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no name")

    def __repr__(cls) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


class Nameless(metaclass=NoName):
    def __str__(self) -> str:
        raise RuntimeError("no")


class BrokenError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class TwistedError(Exception):
    """Has nothing where exceptions have something."""

    __cause__ = __context__ = __traceback__ = args = property(refuses("x"))  # type: ignore[assignment]
    __notes__ = property(refuses("x"))


class NotText:
    def __str__(self) -> str:
        return 3  # type: ignore[return-value]  # noqa: PLE0307 - that is the point


def recurses() -> Any:
    """Return an object whose text contains its text."""

    class Recurses:
        def __str__(self) -> str:
            return f"<{self}>"

    return Recurses()


def numbers() -> Iterator[int]:
    yield from range(3)


def cycle() -> list[Any]:
    endless: list[Any] = [1]
    endless.append({"again": endless})
    return endless


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth - 1):
        inner = [inner]
    return inner


def too_deep(depth: int) -> list[Any]:
    inner: Any = "<too deep>"
    for _ in range(depth):
        inner = [inner]
    return inner


UNPRINTABLE = "<unprintable Refuses>"

# What is logged, and how a record shows it.
VALUES: dict[str, tuple[Callable[[], Any], Any]] = {
    "datetime without a zone": (lambda: datetime(2025, 9, 12, 20, 5), "2025-09-12T20:05:00"),
    "datetime in UTC": (lambda: datetime(2025, 9, 12, tzinfo=UTC), "2025-09-12T00:00:00+00:00"),
    "datetime in Lord Howe": (
        lambda: datetime(2025, 1, 1, tzinfo=ZoneInfo("Australia/Lord_Howe")),
        "2025-01-01T00:00:00+11:00",
    ),
    "datetime off by seconds": (lambda: datetime(2025, 1, 1, tzinfo=OddZone()), "2025-01-01T00:00:00+00:00:17"),
    "datetime off by a microsecond": (
        lambda: datetime(2025, 1, 1, tzinfo=timezone(timedelta(microseconds=-1))),
        "2025-01-01T00:00:00-00:00:00.000001",
    ),
    "datetime in a broken zone": (lambda: datetime(2025, 1, 1, tzinfo=BrokenZone()), "<unprintable datetime>"),
    "date": (lambda: date(1, 1, 1), "0001-01-01"),
    "time": (lambda: time(1, 2, 3, tzinfo=UTC), "01:02:03+00:00"),
    "timedelta": (lambda: timedelta(days=-1, microseconds=1), -86399.999999),
    "longest timedelta": (lambda: timedelta.max, 86399999999999.999999),
    "UUID": (lambda: UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "Decimal": (lambda: Decimal("1.10"), "1.10"),
    "Decimal, signalling NaN": (lambda: Decimal("sNaN"), "sNaN"),
    "Decimal, huge": (lambda: Decimal("1e999999"), "1E+999999"),
    "Fraction": (lambda: Fraction(1, 3), "1/3"),
    "complex": (lambda: 1 + 2j, "(1+2j)"),
    "bytes": (lambda: b"a\x00\n", "a\x00\n"),
    "bytes, no UTF-8": (lambda: b"\xff\xfea", "\\xff\\xfea"),
    "bytearray": (lambda: bytearray("é".encode()), "é"),
    "memoryview": (lambda: memoryview(b"abc"), ANYTHING),
    "set": (lambda: {3}, [3]),
    "frozenset": (lambda: frozenset({"a"}), ["a"]),
    "deque": (lambda: deque([1, 2], maxlen=5), [1, 2]),
    "tuple": (lambda: (1, (2,)), [1, [2]]),
    "range": (lambda: range(10**9), "range(0, 1000000000)"),
    "view of a dict": ({"a": 1}.keys, ["a"]),
    "enum": (lambda: Colour.RED, "red"),
    "enum of integers": (lambda: Size.BIG, 3),
    "flag": (lambda: Rights.READ | Rights.WRITE, 3),
    "dataclass": (lambda: Account("n"), {"name": "n", "api_key": "[redacted]"}),
    "dataclass itself": (lambda: Account, "tests.unit.hostile_values.Account"),
    "attrs": (lambda: Parcel(1, ["a"]), {"weight": 1, "contents": ["a"], "token": "[redacted]"}),
    "pydantic": (
        lambda: Customer(name="n", born=date(2000, 1, 1)),
        {"name": "n", "born": "2000-01-01", "code": "**********"},
    ),
    "pydantic, a secret": (lambda: pydantic.SecretStr("not for the log"), "**********"),
    "pydantic, secret bytes": (lambda: pydantic.SecretBytes(b"not for the log"), "b'**********'"),
    "pydantic, an address": (
        lambda: pydantic.RedisDsn("redis://user:not-for-the-log@db/0"),
        "redis://***@db:6379/0",
    ),
    "namedtuple": (lambda: Point(1, "t"), {"x": 1, "token": "[redacted]"}),
    "numpy integer": (lambda: np.int64(-5), -5),
    "numpy unsigned": (lambda: np.uint64(2**64 - 1), 2**64 - 1),
    "numpy float": (lambda: np.float32(0.5), 0.5),
    "numpy double": (lambda: np.float64("nan"), "NaN"),
    "numpy half": (lambda: np.float16("inf"), "Infinity"),
    "numpy long double": (lambda: np.longdouble("0.5"), "0.5"),
    "numpy flag": (lambda: np.bool_(True), True),
    "numpy text": (lambda: np.str_("a"), "a"),
    "numpy complex": (lambda: np.complex64(1j), "1j"),
    "numpy date": (lambda: np.datetime64("2025-09-12T20:05:00.000000001"), "2025-09-12T20:05:00.000000001"),
    "numpy array": (lambda: np.zeros(1_000_000), ANYTHING),
    "range of dates": (lambda: {date(2025, 1, 1): 1}, {"2025-01-01": 1}),
    "generator": (numbers, ANYTHING),
    "iterator": (lambda: iter([1, 2, 3]), ANYTHING),
    "map": (lambda: map(str, [1]), ANYTHING),
    "file": (lambda: sys.stdin, ANYTHING),
    "coroutine function": (lambda: numbers, ANYTHING),
    "partial": (lambda: functools.partial(print, 1), ANYTHING),
    "module": (lambda: types, ANYTHING),
    "mock": (MagicMock, ANYTHING),
    "object": (object, ANYTHING),
    "not implemented": (lambda: NotImplemented, "NotImplemented"),
    "ellipsis": (lambda: ..., "Ellipsis"),
    "path": (lambda: PurePosixPath("/a"), "/a"),
    "OrderedDict": (lambda: OrderedDict(a=1), {"a": 1}),
    "defaultdict": (lambda: defaultdict(list, a=[1]), {"a": [1]}),
    "Counter": (lambda: Counter("aa"), {"a": 2}),
    "ChainMap": (lambda: ChainMap({"a": 1}), {"a": 1}),
    "mapping proxy": (lambda: types.MappingProxyType({"a": 1}), {"a": 1}),
    "cycle": (cycle, [1, {"again": "<cycle>"}]),
    "deep": (lambda: nested(5000), too_deep(DEEPEST)),
    "integer beyond 64 bits": (lambda: 2**64, "18446744073709551616"),
    "smallest integer": (lambda: -(2**63), -(2**63)),
    "negative integer beyond 64 bits": (lambda: -(2**63) - 1, "-9223372036854775809"),
    "integer of 5,000 digits": (lambda: 10**5000, "<integer of 16610 bits>"),
    "NaN": (lambda: float("nan"), "NaN"),
    "infinity": (lambda: float("-inf"), "-Infinity"),
    "negative zero": (lambda: -0.0, -0.0),
    "smallest float": (lambda: 5e-324, 5e-324),
    "lone surrogate": (lambda: "a\ud800b", "a\\ud800b"),
    "surrogate pair in two": (lambda: "\ud83d\ude00", "\\ud83d\\ude00"),
    "NUL": (lambda: "a\0b", "a\0b"),
    "line separators": (lambda: "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg", "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"),
    "newlines": (lambda: 'a\r\n{"event":"forged"}\n', 'a\r\n{"event":"forged"}\n'),
    "ANSI": (lambda: "\x1b[31mred\x1b[0m\x9b1m\x07\x7f", "\x1b[31mred\x1b[0m\x9b1m\x07\x7f"),
    "right to left": (lambda: "\u202eabc\u2066", "\u202eabc\u2066"),
    "byte-order mark": (lambda: "\ufeffa", "\ufeffa"),
    "end of a JSON object": (lambda: '","level":"critical"}', '","level":"critical"}'),
    "percent signs": (lambda: "%s %d %(x)s 100%", "%s %d %(x)s 100%"),
    "braces": (lambda: "{0} {x!r:>{y}}", "{0} {x!r:>{y}}"),
    "empty text": (lambda: "", ""),
    "text None": (lambda: "None", "None"),
    "names that are no texts": (
        lambda: {1: "a", "1": "b", b"1": "c", None: "d", (1, "x"): "e", 1.5: "f", Colour.RED: "h"},
        {"1": "a", "1#2": "b", "1#3": "c", "null": "d", '[1,"x"]': "e", "1.5": "f", "red": "h"},
    ),
    "names that cannot be shown": (lambda: {refuses("__str__", "__repr__"): 1}, {UNPRINTABLE: 1}),
    "names of base fields": (lambda: {"event": "forged", "level": "x"}, {"event": "forged", "level": "x"}),
    "names with controls": (lambda: {"a\n\u2028\x7f": 1}, {"a\n\u2028\x7f": 1}),
    "exception": (lambda: ValueError("bad", 3), "ValueError: ('bad', 3)"),
    "exception that cannot be shown": (BrokenError, "BrokenError: <exception str() failed>"),
    "exception without attributes": (TwistedError, ANYTHING),
    "exit": (lambda: SystemExit(3), "SystemExit: 3"),
    "exception group": (lambda: ExceptionGroup("g", [ValueError()]), "ExceptionGroup: g (1 sub-exception)"),
    "text that refuses": (lambda: ShoutingText("a"), "a"),
    "number that refuses": (lambda: OddNumber(3), 3),
    "endless list": (lambda: EndlessList([1]), [1]),
    "endless mapping": (EndlessMapping, ANYTHING),
    "liar": (Liar, "a liar"),
    "no class": (NoClass, "nobody"),
    "no attributes": (NoAttributes, ANYTHING),
    "no name": (Nameless, "<unprintable Nameless>"),
    "class without a name": (lambda: Nameless, ANYTHING),
    "name of a type that is very long": (type("T" * 100_000, (), {"__str__": None}), ANYTHING),
    "text that is none": (NotText, "<unprintable NotText>"),
    "text without an end": (recurses, "<unprintable Recurses>"),
    "raises when shown": (lambda: refuses("__str__", "__repr__"), UNPRINTABLE),
    "exits when shown": (lambda: refuses("__str__", "__repr__", fault=SystemExit(1)), UNPRINTABLE),
    "runs out of memory": (lambda: refuses("__str__", "__repr__", fault=MemoryError()), UNPRINTABLE),
    "raises when compared": (lambda: refuses("__eq__", "__ne__", "__lt__"), ANYTHING),
    "raises when hashed": (lambda: refuses("__hash__"), ANYTHING),
    "raises when asked whether it is true": (lambda: refuses("__bool__"), ANYTHING),
    "raises when measured": (lambda: refuses("__len__"), ANYTHING),
    "raises when iterated": (lambda: refuses("__iter__", "__next__"), ANYTHING),
    "raises when formatted": (lambda: refuses("__format__"), ANYTHING),
    "raises on any attribute": (lambda: refuses("__getattr__"), ANYTHING),
    "list that refuses": (lambda: refuses("__iter__", "__len__", "__bool__", "__eq__", "__str__", base=list), []),
    "dict that refuses": (lambda: refuses("__iter__", "items", "keys", "__len__", "__bool__", "__eq__", base=dict), {}),
    "tuple that refuses": (lambda: refuses("__iter__", "__len__", "__bool__", "__getitem__", base=tuple), []),
    "bytes that refuse": (lambda: refuses("__iter__", "__len__", "decode", "__str__", "__getitem__", base=bytes), ""),
    "long text": (lambda: "word " * 2_000_000, ANYTHING),
    "long text of controls": (lambda: "\x7f\0" * 5_000_000, ANYTHING),
    "long list": (lambda: list(range(1_000_000)), ANYTHING),
    "long names": (lambda: {"n" * 10_000_000: 1, "n" * 9_000_000: 2}, {"n" * 256 + "…": 1, "n" * 256 + "…#2": 2}),
}
