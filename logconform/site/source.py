"""The report file behind the site: where it is, and what is wrong with it where it can't be shown."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from logconform.report.model import REPORT_VERSION

VARIABLE = "LOGCONFORM_REPORT"
"""Environment variable that names the report file."""
DEFAULT_NAME = "conformance-report.json"


@dataclass(frozen=True, slots=True)
class Shown:
    """A report that can be shown, and when its file was written."""

    report: Mapping[str, Any]
    path: Path
    written: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no report file at *path*."""

    path: Path


@dataclass(frozen=True, slots=True)
class Broken:
    """There is a file at *path*, but it can't be shown, and what to do about it."""

    path: Path
    problem: str
    remedy: str = "Make it again with the logconform that builds this site."


def report_path(project: Path) -> Path:
    """Return the path of the report: what the environment names, else the default in *project*."""
    named = os.environ.get(VARIABLE, "")
    return project / (named or DEFAULT_NAME)


def load_report(path: Path, schema: Path) -> Shown | Absent | Broken:
    """Read the report at *path* and check it against the *schema* of reports. Never raises for what a file holds."""
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        report = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Absent(path)
    except OSError as error:
        return Broken(path, f"it can't be read: {error.strerror}", "Give this user the right to read it.")
    except (ValueError, RecursionError) as error:
        return Broken(path, f"it is not JSON: {error}")
    if problem := _problem(report, schema):
        return Broken(path, problem)
    return Shown(report, path, written)


def _problem(report: Any, schema: Path) -> str:
    """Return why *report* is not one that this version can show; empty if it is."""
    if not isinstance(report, dict):
        return "it is JSON, but not an object"
    version = report.get("report_version")
    if version != REPORT_VERSION:
        return f"its report_version is {json.dumps(version)[:60]}, and this site shows {REPORT_VERSION}"
    error = next(_validator(schema, schema.stat().st_mtime).iter_errors(report), None)
    if error is None:
        return ""
    where = "/".join(str(part) for part in error.instance_path) or "the top level"
    return f"it does not match its schema at {where}: {error.message[:300]}"


@cache
def _validator(schema: Path, _written: float) -> Any:
    return jsonschema_rs.Draft202012Validator(json.loads(schema.read_bytes()))
