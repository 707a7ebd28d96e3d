"""
The two sides of a comparison: conformance reports or catalogs, told by their content.

Only what is compared is read; members that a later version adds are passed over.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

LIMIT = 256_000_000
"""Bytes of the largest file that is taken for a report: findings and events are capped in both kinds."""
_VERSIONS = {"report_version": "1", "catalog_version": "1"}  # the major version that is read
_OTHER_KINDS = {
    "diff_version": "the outcome of `logconform diff`",
    "runs": "a SARIF log",
    "schemaVersion": "a badge",
    "event": "a log record",
    "$schema": "a schema",
}
_REMEDY = "give it what `logconform check`, `run` or `catalog` write with `--format json`"

Status = Literal["passed", "violated", "warned", "not_tested", "inconclusive", "waived"]
Verdict = Literal["conforms", "does_not_conform", "nothing_tested", "inconclusive"]


class NotComparable(Exception):
    """The two files can't be compared. Its text names the file, the place, and the remedy."""


class _Read(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Part(_Read):
    """How a requirement came out in one environment."""

    status: Status
    checked: int
    violations: int


class Requirement(Part):
    """How a requirement came out."""

    id: str
    level: Literal["MUST", "SHOULD"]
    judged: bool
    title: str
    environments: dict[str, Part]


class Cause(_Read):
    """What findings have in common."""

    requirement: str
    logger: str | None = None
    event: str | None = None
    message: str
    total: int


class _Named(_Read):
    name: str


class _Summary(_Read):
    verdict: Verdict
    waivers: int = 0


class Report(_Read):
    """What is compared of a conformance report."""

    contract_version: str
    environments: list[_Named]
    summary: _Summary
    requirements: list[Requirement]
    causes: list[Cause] | None = None


class EventField(_Read):
    """A field of an event."""

    name: str
    present: int
    types: dict[str, int]


class Event(_Read):
    """An event of a catalog."""

    service: str | None
    logger: str | None
    event: str | None
    high_cardinality: bool
    count: int
    levels: dict[str, int]
    fields: list[EventField]
    members_omitted: int

    @property
    def key(self) -> tuple[str | None, str | None, str | None]:
        """What makes two events the same one."""
        return (self.service, self.logger, self.event)


class _Omitted(_Read):
    records: int


class _Sample(_Read):
    records: int
    problems: list[str] = []
    partial: bool = False


class Catalog(_Read):
    """What is compared of a catalog."""

    subject: _Sample
    omitted: _Omitted
    events: list[Event]


Document = TypeVar("Document", bound=_Read)


def read_document(path: Path) -> Report | Catalog:
    """
    Return the report or catalog in *path*.

    Raises:
        NotComparable: If it can't be read, is no JSON, or neither of the two.
    """
    content = parsed(path)
    if not isinstance(content, dict):
        raise NotComparable(f"{path}: is JSON, but neither a report nor a catalog; {_REMEDY}")
    if "catalog_version" in content:
        return _checked(path, content, "catalog_version", "catalog", Catalog)
    if "report_version" in content:
        return _checked(path, content, "report_version", "conformance report", Report)
    what = next((told for name, told in _OTHER_KINDS.items() if name in content), "JSON")
    raise NotComparable(f"{path}: is {what}, neither a report nor a catalog; {_REMEDY}")


def _checked(path: Path, content: dict[str, Any], member: str, kind: str, model: type[Document]) -> Document:
    version, known = content[member], _VERSIONS[member]
    if not isinstance(version, str) or version.split(".")[0] != known:
        raise NotComparable(
            f"{path}: has {member} {json.dumps(version)[:40]}, this logconform reads {known}.x; "
            f"write the {kind} again with this version"
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise NotComparable(f"{path}: is no whole {kind}: {where}: {first['msg']}; write it again") from None


def parsed(path: Path) -> Any:
    """
    Return what the JSON file *path* holds.

    Raises:
        NotComparable: If it can't be read, or is no JSON.
    """
    text = _text(path)
    try:
        return json.loads(text)
    except RecursionError:
        raise NotComparable(f"{path}: nests too deep to be a report or a catalog; {_REMEDY}") from None
    except ValueError as error:
        raise NotComparable(f"{path}: {_why_not_json(text, error)}; {_REMEDY}") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(LIMIT + 1)
    except OSError as error:
        raise NotComparable(f"{path}: {_why(error)}") from None
    if len(data) > LIMIT:
        raise NotComparable(f"{path}: has more than {LIMIT:,} bytes, no report or catalog is that long; {_REMEDY}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotComparable(f"{path}: line {line} is not UTF-8 (byte {error.start}); {_REMEDY}") from None


def _why_not_json(text: str, error: ValueError) -> str:
    if not text.strip():
        return "is empty"
    if text.lstrip().startswith("<"):
        return "is XML, neither a report nor a catalog"
    if not isinstance(error, json.JSONDecodeError):
        return f"is not JSON ({error})"
    if error.msg == "Extra data" and error.lineno > 1:
        return "holds several JSON texts, as a log does, not one report or catalog"
    return f"line {error.lineno}, column {error.colno}: is not JSON: {error.msg}"


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file; check the path"
    if isinstance(error, IsADirectoryError):
        return "is a folder; name the report in it"
    if isinstance(error, PermissionError):
        return "permission denied; run as a user who may read it"
    return f"can't be read ({error.strerror})"
