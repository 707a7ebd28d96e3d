"""Which kind a record is, whether it has that kind's form, and which requirement a fault is about.

Records are judged by `jsonschema-rs`; only what it refuses goes to `jsonschema`,
which explains. Both read the same files in `schemas/`, where `x-requirement`
names the requirement, `x-must` completes the sentence "must ..." and `x-fix`
tells the remedy; each holds for the subschema that it stands in.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from logconform.contract import ContractError
from logconform.findings import Finding
from logconform.records import Record
from logconform.secrets import printable, redact_text
from logconform.shipped import shipped

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
_KEYWORD = re.compile(r'"(x-[^"]*)"\s*:')
_KEYWORDS = ("x-requirement", "x-must", "x-fix")
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


def accepts_member(kind: str, name: str, value: Any) -> bool:
    """Whether the schema of a *kind* has nothing against one member's value."""
    try:
        return _member_validator(kind, name).is_valid(value)
    except (ValueError, TypeError, OverflowError, RecursionError):  # as in `_Kind.accepts`
        return False


def named_in_schemas() -> frozenset[str]:
    """Return the members that the schema of any kind says something about."""
    return frozenset(name for document in _documents().values() for name in document["properties"])


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
    return shipped("schemas")


def requirements_of(name: str) -> tuple[str, ...]:
    """Return the requirements that the schema of a kind checks, without those of the base.

    >>> requirements_of("task-execution")
    ('EXEC001',)
    """
    found: dict[str, None] = {}
    for note in _notes_in(schema(name)).values():
        found[note.requirement] = None
    return tuple(found)


def read_schema(path: Path) -> Schema:
    """
    Read a schema.

    Raises:
        ContractError: If it is no JSON, or has a keyword of ours that is misspelled.
    """
    text = path.read_text(encoding="utf-8")
    try:
        document: Schema = json.loads(text)
    except json.JSONDecodeError as error:
        raise ContractError(path, error.lineno, f"the schema is no JSON: {error.msg}", "mend it there") from None
    for number, line in enumerate(text.split("\n"), start=1):
        for word in set(_KEYWORD.findall(line)) - set(_KEYWORDS):
            nearest = difflib.get_close_matches(word, _KEYWORDS, n=1, cutoff=0) or _KEYWORDS
            raise ContractError(path, number, f"no keyword is called {word}", f"did you mean {nearest[0]}?")
    return document


@cache
def _documents() -> dict[str, Schema]:
    folder = schema_folder()
    return {name: _kind_schema(folder / f"{name}.schema.json") for name in _KINDS}


def _kind_schema(path: Path) -> Schema:
    """Read the schema of a kind of record, each member of which names its requirement."""
    document = read_schema(path)
    for member, subschema in document["properties"].items():
        if "x-requirement" not in subschema:
            line = path.read_text(encoding="utf-8").partition(f'"{member}": {{')[0].count("\n") + 1
            remedy = 'add `"x-requirement": "CTX005"`, or whichever it is'
            raise ContractError(path, line, f"the member {member} names no requirement", remedy)
    return document


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


def fix_of(requirement: str) -> str:
    """Return the first remedy that the schemas have for a requirement, the base last; empty where they have none."""
    documents = [_documents()[name] for name in (*_KINDS[1:], _BASE)]
    notes = (note for document in documents for note in _notes_in(document).values())
    return next((note.fix for note in notes if note.requirement == requirement and note.fix), "")


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
        self._name = name
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

    def fast_errors(self, members: dict[str, Any]) -> tuple[Any, ...] | None:
        """Return what the fast validator refuses: the kind, and of each error where it is; None where it can't say."""
        try:
            return (self._name, *map(_signature, self._fast.iter_errors(members)))
        except (ValueError, TypeError, OverflowError, RecursionError):
            return None

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


_ABOUT_MISSING = {"required", "dependentRequired"}


def _signature(error: jsonschema_rs.ValidationError) -> tuple[Any, ...]:
    path = tuple(error.schema_path)
    missing = error.message if not _ABOUT_MISSING.isdisjoint(path) else ""
    return (path, tuple(error.instance_path), missing)


def _with_references(subschema: Schema) -> Iterator[_Note]:
    """Yield the notes of a member's subschema, and of the base's definition that it refers to."""
    yield from _notes_in(subschema).values()
    if "$ref" in subschema:
        yield from _notes_in(_documents()[_BASE]["$defs"][subschema["$ref"].rpartition("/")[2]]).values()


@cache
def _kind(name: str) -> _Kind:
    return _Kind(name)


@cache
def _member_validator(kind: str, name: str) -> jsonschema_rs.Draft202012Validator:
    base = _documents()[_BASE]
    about = [document["properties"].get(name, {}) for document in (base, _documents()[kind])]
    return jsonschema_rs.Draft202012Validator({"allOf": about, "$defs": base["$defs"]})


def _fast_validator(document: Schema) -> jsonschema_rs.Draft202012Validator:
    base = _documents()[_BASE]
    registry = jsonschema_rs.Registry([(f"json-schema:///{base['$id']}", base)])
    return jsonschema_rs.Draft202012Validator(document, registry=registry)


def _slow_validator(document: Schema) -> Draft202012Validator:
    resources = [(each["$id"], Resource.from_contents(each)) for each in _documents().values()]
    return Draft202012Validator(document, registry=Registry().with_resources(resources))


@dataclass(frozen=True, slots=True)
class _Fault:
    """What an error is about: the member, the note that applies, the keyword that refuses; or that it is missing."""

    member: str
    note: _Note
    keyword: str
    missing: bool


_FAULTS_KEPT = 10_000
_faults_by_errors: dict[tuple[Any, ...], tuple[_Fault, ...]] = {}


def _explain(kind: _Kind, record: Record) -> Iterator[Finding]:
    members = record.members
    for fault in _faults(kind, members):
        what = "is missing" if fault.missing else f"is {_shown(members.get(fault.member))}; must {fault.note.must}"
        shape = f"{fault.member} {fault.keyword}"
        yield Finding.about(record, fault.note.requirement, f"{fault.member} {what}", fix=fault.note.fix, shape=shape)


def _faults(kind: _Kind, members: dict[str, Any]) -> tuple[_Fault, ...]:
    """Return one fault per requirement and member; records with the same errors have the same faults."""
    errors = kind.fast_errors(members)
    known = None if errors is None else _faults_by_errors.get(errors)
    if known is not None:
        return known
    found: dict[tuple[str, str], _Fault] = {}
    for error in kind.errors(members):
        for fault in _faults_of(error, members):
            found.setdefault((fault.note.requirement, fault.member), fault)
    faults = tuple(found.values())
    if errors is not None and len(_faults_by_errors) < _FAULTS_KEPT:
        _faults_by_errors[errors] = faults
    return faults


def _faults_of(error: ValidationError, members: dict[str, Any]) -> Iterator[_Fault]:
    """Tell of each member that an error is about."""
    place: Any = error.schema
    note, keyword = _notes()[id(place)], str(error.validator)
    if keyword in _ABOUT_MISSING:
        for member in _missing(error, members):
            own = place.get("properties", {}).get(member)
            yield _Fault(member, note if own is None else _notes()[id(own)], keyword, missing=True)
        return
    member = str(error.absolute_path[0]) if error.absolute_path else "record"
    yield _Fault(member, note, keyword, missing=False)


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
