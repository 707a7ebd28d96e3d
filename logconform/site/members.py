"""What a JSON Schema says about the members of its objects, flattened for a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logconform.schemas import read_schema

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object. `must` says in words what its value is; `definition` names its `$defs` entry."""

    name: str
    must: str
    required: bool
    requirements: tuple[str, ...]
    description: str
    examples: Sequence[Any]
    definition: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A schema, and the document that its `#/$defs/...` refer to."""

    schema: Schema
    root: Schema
    folder: Path

    def whole(self) -> Iterator[_Part]:
        """Yield every part that holds wherever this one does, this one last."""
        if reference := self.schema.get("$ref"):
            yield from self._at(reference).whole()
        for each in self.schema.get("allOf", ()):
            yield from _Part(each, self.root, self.folder).whole()
        yield self

    def _at(self, reference: str) -> _Part:
        name, _, pointer = reference.partition("#")
        document = read_schema(self.folder / name) if name else self.root
        schema = document
        for step in filter(None, pointer.split("/")):
            schema = schema[step]
        return _Part(schema, document, self.folder)


def members_of(schema: Schema, root: Schema, folder: Path) -> list[Member]:
    """
    Return the members of the objects that *schema* describes, those of the schemas it builds on first.

    *root* is the document that `#/$defs/...` refers to, *folder* the one that other documents are in.

    >>> member, = members_of({"required": ["a"], "properties": {"a": {"type": "integer"}}}, {}, Path())
    >>> member.name, member.must, member.required
    ('a', 'integer', True)
    """
    layers: dict[str, list[_Part]] = {}
    required: set[str] = set()
    for part in _Part(schema, root, folder).whole():
        required.update(part.schema.get("required", ()))
        for name, about in part.schema.get("properties", {}).items():
            layers.setdefault(name, []).append(_Part(about, part.root, folder))
    return [_member(name, parts, name in required, root) for name, parts in layers.items()]


def _member(name: str, layers: Sequence[_Part], required: bool, root: Schema) -> Member:
    whole = [each for layer in layers for each in layer.whole()]
    own = [each.schema for each in layers[-1].whole()]
    merged: dict[str, Any] = {}
    for each in whole:
        merged |= each.schema
    musts = [each["x-must"] for each in own if "x-must" in each]
    excluded = [value for each in whole for value in each.schema.get("not", {}).get("enum", ())]
    return Member(
        name=name,
        must="; ".join(dict.fromkeys(musts)) or _type(merged, layers[-1], excluded),
        required=required,
        requirements=tuple(dict.fromkeys(each["x-requirement"] for each in reversed(own) if "x-requirement" in each)),
        description=merged.get("description", ""),
        examples=tuple(merged.get("examples", ())),
        definition=_definition(layers[-1].schema) if layers[-1].root is root else "",
    )


def _definition(about: Schema) -> str:
    """Return the `$defs` entry that *about*, its items or its values refer to."""
    for each in (about, about.get("items"), about.get("additionalProperties")):
        reference = each.get("$ref", "") if isinstance(each, dict) else ""
        if reference.startswith("#/$defs/"):
            return str(reference.removeprefix("#/$defs/"))
    return ""


def _type(merged: Schema, layer: _Part, excluded: Sequence[Any] = ()) -> str:
    """Say in words what a value is, less what is *excluded*."""
    if "const" in merged:
        return json.dumps(merged["const"])
    if "enum" in merged:
        return " or ".join(json.dumps(each) for each in merged["enum"] if each not in excluded)
    types = merged.get("type", "any value")
    listed = [types] if isinstance(types, str) else types
    words = " or ".join(each for each in listed if not (each == "null" and None in excluded))
    if words == "array" and isinstance(merged.get("items"), dict):
        words = f"array of {_item(_Part(merged['items'], layer.root, layer.folder))}"
    return ", ".join([words, *_limits(merged)])


def _item(part: _Part) -> str:
    merged: dict[str, Any] = {}
    for each in part.whole():
        merged |= each.schema
    return _type(merged, part)


def _limits(merged: Schema) -> Iterator[str]:
    if "minimum" in merged:
        yield f"at least {merged['minimum']}"
    if "maximum" in merged:
        yield f"at most {merged['maximum']}"
    if merged.get("minLength") == 1:
        yield "not empty"
