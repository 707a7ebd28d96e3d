"""
Shapes: what the records of one event look like, learned from records that were judged.

A shape is a msgspec class. What it decodes has exactly the members that were
seen, of the types that were seen, and of the values that were seen where
values say what kind of record it is. Anything else fails to decode, and is
judged by the exact engine, from which the shape then learns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import attrgetter, or_
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

IDENTITY = ("tenant_id", "user_id", "correlation_id", "parent_task_id")
"""Members that say for whom and why; of any value, present or not."""
TELLING = (
    *("level", "service", "logger", "operation", "task_name", "state", "has_return_value", "args_count", "kwargs_keys"),
    *("retry_count", "max_retries", "redelivered", "terminated", "expired", "truncated"),
)
"""Members whose values say what a record is: they are part of its site."""
COUNTS = frozenset({"duration_ms", "countdown", "total_records", "processed_records", "total_processed"})
"""Numbers that the schemas want to be at least 0."""

_TEXT = Annotated[str, Meta(min_length=1)]
_FIXED = {"timestamp", "event", "task_id", *IDENTITY}
_EVENTS, _FIELDS, _VALUES = 400, 80, 64
"""A sample with more is judged by the exact engine for what is beyond."""

Sieved = Any
"""An instance of a shape's class."""


@dataclass(slots=True)
class Member:
    """What was seen of a member: the types of its values, the values of telling ones, whether it can be missing."""

    types: set[type] = field(default_factory=set)
    values: set[Any] = field(default_factory=set)
    optional: bool = False

    def type(self, name: str) -> Any:
        """Return the type of the member in the class, None where none can be told."""
        if name == "kwargs_keys":
            return tuple[str, ...] if self.types == {list} else None
        if self.types & {list, dict}:
            return None if name in TELLING else Any
        if name in TELLING and str in self.types:
            known = tuple(sorted(self.values - {None})) + ((None,) if type(None) in self.types else ())
            return Literal[known] if len(known) <= _VALUES and self.types <= {str, type(None)} else None
        if name in TELLING and len(self.types - {type(None)}) > 1:
            return None  # 1, 1.0 and true would look the same
        plain = [
            Annotated[each, Meta(ge=0)] if name in COUNTS and each in (int, float) else each for each in self._plain()
        ]
        return reduce(or_, plain) if plain else None

    def _plain(self) -> list[Any]:
        return sorted(self.types, key=str)


@dataclass(slots=True)
class Shape:
    """The records of one event."""

    event: str
    members: dict[str, Member] = field(default_factory=dict)
    seen: int = 0
    cls: Any = None
    telling: Callable[[Sieved], tuple[Any, ...]] = lambda _: ()
    texts: tuple[tuple[str, str], ...] = ()
    nested: tuple[tuple[str, str], ...] = ()
    numbers: dict[str, str] = field(default_factory=dict)
    sites: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    error: str | None = None
    exception: str | None = None

    def learn(self, members: dict[str, Any]) -> bool:
        """Take note of a record; whether that changed the shape."""
        before = [(len(each.types), len(each.values), each.optional) for each in self.members.values()]
        for name, value in members.items():
            if name in _FIXED:
                continue
            if name not in self.members:
                if len(self.members) >= _FIELDS:
                    return False
                self.members[name] = Member(optional=self.seen > 0)
            member = self.members[name]
            member.types.add(type(value))
            if name in TELLING and isinstance(value, str) and len(member.values) <= _VALUES:
                member.values.add(value)
        for name, member in self.members.items():
            member.optional = member.optional or name not in members
        self.seen += 1
        return before != [(len(each.types), len(each.values), each.optional) for each in self.members.values()]

    def build(self) -> bool:
        """Make the class anew; whether there can be one."""
        types = {name: member.type(name) for name, member in self.members.items()}
        if any(each is None for each in types.values()) or not {"level", "service", "logger"} <= types.keys():
            self.cls = None
            return False
        names = {name: f"m{number}" for number, name in enumerate(self.members)}
        fields: list[Any] = [("timestamp", str)]
        fields += [(name, _TEXT | UnsetType, UNSET) for name in ("task_id", *IDENTITY)]
        rename = {name: name for name in ("timestamp", "task_id", *IDENTITY)}
        for name, member in self.members.items():
            rename[names[name]] = name
            fields.append(
                (names[name], types[name] | UnsetType if types[name] is not Any else Any, UNSET)
                if member.optional
                else (names[name], types[name])
            )
        try:
            self.cls = msgspec.defstruct(
                "Sieved",
                fields,
                tag_field="event",
                tag=self.event,
                forbid_unknown_fields=True,
                rename=rename,
                kw_only=True,
                gc=False,
            )
        except (ValueError, TypeError):  # names or types that msgspec has no class for: the exact engine's
            self.cls = None
            return False
        self._describe(names)
        self.sites = {}
        return True

    def _describe(self, names: dict[str, str]) -> None:
        telling = [names[name] for name in self.members if name in TELLING]
        others = {name: member for name, member in self.members.items() if name not in TELLING}
        self.texts = tuple((name, names[name]) for name, member in others.items() if str in member.types)
        self.nested = tuple((name, names[name]) for name, member in others.items() if member.types & {list, dict})
        self.numbers = {name: names[name] for name, member in others.items() if member.types <= {int, float}}
        texts = dict(self.texts)
        self.error, self.exception = texts.get("error"), texts.get("exception")
        varying = [names[name] for name, member in others.items() if member.optional or len(member.types) > 1]
        get = attrgetter(*telling)
        if not varying:
            self.telling = get
            return
        rest = [attrgetter(name) for name in varying]
        self.telling = lambda record: (*get(record), *(type(each(record)) for each in rest))

    @property
    def judges_errors(self) -> bool:
        """Whether the records may tell of an exception."""
        return self.error is not None or self.exception is not None


def _is_plain_name(name: str) -> bool:
    """Whether msgspec takes a text for the name of a member."""
    return name.isprintable() and '"' not in name and "\\" not in name


class Shapes:
    """All shapes of a stream, and the decoder of its lines."""

    def __init__(self) -> None:
        self.by_event: dict[str, Shape] = {}
        self.by_class: dict[type, Shape] = {}
        self._stale: set[str] = set()
        self.decoder: msgspec.json.Decoder[Any] | None = None

    def learn(self, members: dict[str, Any]) -> None:
        """Take note of a record that has no fault; `refresh` puts it to use."""
        event = members.get("event")
        if not isinstance(event, str) or not all(map(_is_plain_name, (event, *members))):
            return
        shape = self.by_event.get(event)
        if shape is None:
            if len(self.by_event) >= _EVENTS:
                return
            shape = self.by_event[event] = Shape(event)
        if shape.learn(members):
            self._stale.add(event)

    def refresh(self) -> None:
        """Make the decoder anew where something was learned."""
        if not self._stale:
            return
        for event in self._stale:
            shape = self.by_event[event]
            self.by_class.pop(shape.cls, None)
            if shape.build():
                self.by_class[shape.cls] = shape
        self._stale.clear()
        classes = tuple(self.by_class)
        self.decoder = msgspec.json.Decoder(reduce(or_, classes)) if classes else None
