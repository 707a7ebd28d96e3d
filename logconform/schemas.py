"""Which kind a record is, whether it has that kind's form, and which requirement a fault is about.

Records are judged by `jsonschema-rs`; only what it refuses goes to `jsonschema`,
which explains. Both read the same files in `schemas/`, where `x-requirement`
names the requirement, `x-must` completes the sentence "must ..." and `x-fix`
tells the remedy; each holds for the subschema that it stands in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from logconform.findings import Finding
from logconform.records import Record
from logconform.secrets import excerpt, printable, redact_text

Schema = dict[str, Any]

_BASE = "record"
_KINDS = (
    _BASE,
    "task-start",
    "task-execution",
    "task-completion",
    "task-failure",
    "task-retry",
    "task-retries-exhausted",
    "task-progress",
    "resource-usage",
    "task-revoked",
    "task-ended",
)
_BY_EVENT = {
    "Task starting": "task-start",
    "Task failed": "task-failure",
    "Task failed, retrying": "task-retry",
    "Task failed permanently after max retries": "task-retries-exhausted",
    "Task revoked": "task-revoked",
    "Task ended": "task-ended",
    "Processing progress": "task-progress",
}
_READER_CHECKS = {"FMT001"}  # a record exists only where the reader has passed it


def kind_of(record: Record) -> str:
    """Return the kind of *record*, which is the name of its schema.

    Decided by the event, and where that names no lifecycle record, by which
    members are there; never by whether a schema would accept it.
    """
    members = record.members
    event = record.event
    if event == "Task completed":
        return "resource-usage" if _is_resource_usage(members) else "task-completion"
    if event in _BY_EVENT:
        return _BY_EVENT[event]
    if "memory_used_mb" in members and "duration_ms" in members:
        return "resource-usage"
    if "total_records" in members or "total_processed" in members:
        return "task-progress"
    return "task-execution" if "task_id" in members else _BASE


def _is_resource_usage(members: dict[str, Any]) -> bool:
    """Whether a `Task completed` record reports resource usage (RES001) instead of the task's completion."""
    if "state" in members or "has_return_value" in members:
        return False
    return "memory_used_mb" in members or "task_name" not in members


def check_record(record: Record) -> tuple[list[str], list[Finding]]:
    """Check the form of one record.

    Returns:
        The requirements that were checked, because the kind always has the
        member or this record has it; and one finding at most per requirement
        and member.
    """
    kind = _kind(kind_of(record))
    checked = kind.checked(record.members)
    if kind.accepts(record.members):
        return checked, []
    return checked, list(_explain(kind, record))


def schema_names() -> tuple[str, ...]:
    """Return the names of the kinds of record, the base first.

    >>> schema_names()[:2]
    ('record', 'task-start')
    """
    return _KINDS


def schema(name: str) -> Schema:
    """Return the JSON Schema of a kind of record; not to be changed.

    Raises:
        KeyError: If there is no such kind.

    >>> schema("task-start")["title"]
    'Task starting'
    """
    return _documents()[name]


def schema_folder() -> Path:
    """Return where the schemas are: inside the installed package, else in the source tree."""
    packaged = Path(__file__).parent / "_data" / "schemas"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "schemas"


def requirements_of(name: str) -> tuple[str, ...]:
    """Return the requirements that the schema of a kind checks, without those of the base.

    >>> requirements_of("task-execution")
    ('EXEC001',)
    """
    found: dict[str, None] = {}
    for note in _notes_in(schema(name)).values():
        found[note.requirement] = None
    return tuple(found)


@cache
def _documents() -> dict[str, Schema]:
    folder = schema_folder()
    return {name: json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8")) for name in _KINDS}


@dataclass(frozen=True, slots=True)
class _Note:
    """What the nearest annotations say about a subschema."""

    requirement: str = ""
    must: str = ""
    fix: str = ""

    def inside(self, subschema: Schema) -> _Note:
        requirement = subschema.get("x-requirement", self.requirement)
        outer = self if requirement == self.requirement else _Note()
        return _Note(requirement, subschema.get("x-must", outer.must), subschema.get("x-fix", outer.fix))


def _notes_in(document: Schema) -> dict[int, _Note]:
    """Return the note of every subschema, by its identity: that is how errors name theirs."""
    notes: dict[int, _Note] = {}
    pending: list[tuple[Any, _Note]] = [(document, _Note())]
    while pending:
        node, note = pending.pop(0)
        if isinstance(node, dict):
            note = notes[id(node)] = note.inside(node)
            pending += [(child, note) for child in node.values()]
        elif isinstance(node, list):
            pending += [(child, note) for child in node]
    return notes


@cache
def _notes() -> dict[int, _Note]:
    notes: dict[int, _Note] = {}
    for document in _documents().values():
        notes |= _notes_in(document)
    return notes


class _Kind:
    """One kind's validators, and what they check."""

    def __init__(self, name: str) -> None:
        documents = [_documents()[_BASE], _documents()[name]]
        self._fast = _fast_validator(documents[-1])
        self._slow = _slow_validator(documents[-1])
        self._always = set[str]()
        self._where_present: dict[str, set[str]] = {}
        self._checked: dict[frozenset[str], tuple[str, ...]] = {}
        for document in documents:
            self._note_checks(document)

    def accepts(self, members: dict[str, Any]) -> bool:
        """Whether the fast validator finds nothing; False also where it cannot read a value."""
        try:
            return self._fast.is_valid(members)
        except (ValueError, TypeError, OverflowError, RecursionError):  # a lone surrogate, for one
            return False

    def errors(self, members: dict[str, Any]) -> Iterator[ValidationError]:
        """Explain what is wrong; ends early at a value nested too deep to be shown."""
        try:
            yield from self._slow.iter_errors(members)
        except RecursionError:
            return

    def checked(self, members: dict[str, Any]) -> list[str]:
        """Return the requirements that a record with these members is checked for."""
        present = frozenset(self._where_present.keys() & members.keys())
        known = self._checked.get(present)
        if known is None:
            found = self._always.union(*(self._where_present[member] for member in present))
            known = self._checked[present] = tuple(sorted(found - _READER_CHECKS))
        return list(known)

    def _note_checks(self, document: Schema) -> None:
        properties: dict[str, Schema] = document["properties"]
        required = document.get("required", [])
        self._always.add(document["x-requirement"])
        for member, subschema in properties.items():
            about = {note.requirement for note in _with_references(subschema)}
            if member in required:
                self._always.add(subschema["x-requirement"])
            if "not" in subschema and not subschema["not"]:  # checked by not being there
                self._always |= about
            self._where_present.setdefault(member, set()).update(about)
        for member, others in document.get("dependentRequired", {}).items():
            about = {properties[other]["x-requirement"] for other in others}
            self._where_present.setdefault(member, set()).update(about)


def _with_references(subschema: Schema) -> Iterator[_Note]:
    """Yield the notes of a member's subschema, and of the base's definition that it refers to."""
    yield from _notes_in(subschema).values()
    if "$ref" in subschema:
        yield from _notes_in(_documents()[_BASE]["$defs"][subschema["$ref"].rpartition("/")[2]]).values()


@cache
def _kind(name: str) -> _Kind:
    return _Kind(name)


def _fast_validator(document: Schema) -> jsonschema_rs.Draft202012Validator:
    base = _documents()[_BASE]
    registry = jsonschema_rs.Registry([(f"json-schema:///{base['$id']}", base)])
    return jsonschema_rs.Draft202012Validator(document, registry=registry)


def _slow_validator(document: Schema) -> Draft202012Validator:
    resources = [(each["$id"], Resource.from_contents(each)) for each in _documents().values()]
    return Draft202012Validator(document, registry=Registry().with_resources(resources))


def _explain(kind: _Kind, record: Record) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    evidence = excerpt(record.raw)
    for error in kind.errors(record.members):
        for member, note, message in _faults(error, record.members):
            if (note.requirement, member) in told:
                continue
            told.add((note.requirement, member))
            yield Finding(note.requirement, message, record.place, record.task_id, evidence, note.fix)


def _faults(error: ValidationError, members: dict[str, Any]) -> Iterator[tuple[str, _Note, str]]:
    """Tell of each member that an error is about: its name, the note that applies, the message."""
    place: Any = error.schema
    note = _notes()[id(place)]
    if error.validator in ("required", "dependentRequired"):
        for member in _missing(error, members):
            own = place.get("properties", {}).get(member)
            yield member, note if own is None else _notes()[id(own)], f"{member} is missing"
        return
    member = str(error.absolute_path[0]) if error.absolute_path else "record"
    yield member, note, f"{member} is {_shown(members.get(member))}; must {note.must}"


def _missing(error: ValidationError, members: dict[str, Any]) -> list[str]:
    wanted: Any = error.validator_value
    if isinstance(wanted, dict):
        wanted = [other for member, others in wanted.items() if member in members for other in others]
    return [member for member in wanted if member not in members]


def _shown(value: Any, limit: int = 80) -> str:
    """Show a value as JSON in a message: printable, redacted, cut."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "nested too deep"
    text = printable(redact_text(text[: 4 * limit]))
    return text if len(text) <= limit else text[: limit - 1] + "…"
