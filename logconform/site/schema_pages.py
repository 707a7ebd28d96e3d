"""One reference page per schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from logconform.schemas import read_schema
from logconform.site.markup import code, prose
from logconform.site.members import Member, Schema, members_of

SUFFIX = ".schema.json"
_WIDE = "---\nhide:\n  - toc\n---"
RequirementLink = Callable[[str], str]
"""From an identifier to the Markdown of a link to its text."""


def schema_pages(folder: Path, link: RequirementLink) -> dict[str, str]:
    """Return the Markdown of each page by its name: `index.md`, and one for each schema in *folder*."""
    schemas = {path.name.removesuffix(SUFFIX): read_schema(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}
    pages = {f"{name}.md": _page(name, schema, folder, link) for name, schema in schemas.items()}
    return {"index.md": _index(schemas)} | pages


def _index(schemas: Mapping[str, Schema]) -> str:
    about = (
        "JSON Schema (2020-12): one for each kind of record, and those of the files that the suite reads and writes."
    )
    rows = [f"| [{prose(_title(each, name))}]({name}.md) | {prose(_about(each))} |" for name, each in schemas.items()]
    table = "\n".join(["| schema | what it describes |", "|---|---|", *rows])
    return f"# Schemas\n\n{about}\n\n{table}"


def _page(name: str, schema: Schema, folder: Path, link: RequirementLink) -> str:
    parts = [_WIDE, f"# {prose(_title(schema, name))}", prose(_about(schema))]
    if requirement := schema.get("x-requirement"):
        parts.append(f"Requirement {link(requirement)}. File `schemas/{name}{SUFFIX}`.")
    else:
        parts.append(f"File `schemas/{name}{SUFFIX}`.")
    parts += _table(members_of(schema, schema, folder), link)
    parts += _example(folder / "examples" / name / "valid")
    for each, definition in schema.get("$defs", {}).items():
        parts += [f"## {each} {{ #{each} }}", prose(definition.get("description", ""))]
        parts += _table(members_of(definition, schema, folder), link) or [f"`{json.dumps(_shape(definition))}`"]
    return "\n\n".join(part for part in parts if part)


def _table(members: list[Member], link: RequirementLink) -> list[str]:
    if not members:
        return []
    rows = ["| member | must | required | requirement | description | examples |", "|---|---|---|---|---|---|"]
    return ["\n".join([*rows, *(_row(each, link) for each in members)]) + "\n{ .lc-members }"]


def _row(member: Member, link: RequirementLink) -> str:
    value = prose(member.must)
    cells = [
        code(member.name),
        f"[{value}](#{member.definition})" if member.definition else value,
        "yes" if member.required else "",
        ", ".join(link(each) for each in member.requirements),
        prose(member.description),
        " ".join(code(_compact(each)) for each in member.examples[:3]),
    ]
    return f"| {' | '.join(cells)} |"


def _example(folder: Path) -> list[str]:
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_bytes())
        except ValueError:
            continue
        return ["## Example", f"````json\n{json.dumps(record, indent=2, ensure_ascii=False)}\n````"]
    return []


def _shape(definition: Schema) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in {"description", "examples"}}


def _title(schema: Schema, name: str) -> str:
    return str(schema.get("title", name))


def _about(schema: Schema) -> str:
    return str(schema.get("description", ""))


def _compact(value: Any) -> str:
    """Return *value* as JSON in one line, short enough for a table."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:100] + "…"
