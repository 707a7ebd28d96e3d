"""A report that was written as JSON, rendered again in any format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logconform.report import render
from logconform.report.diff_input import NotComparable, parsed
from logconform.report.output import look_of_output, publish, refuse_output
from logconform.report.status import exit_code

_REMEDY = "give it what `logconform run --report` or `check --format json` of this version writes"


class NotAReport(Exception):
    """The file is no report that can be shown. Its text names the file, the place, and the remedy."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    path: Path
    form: str = "text"
    output: Path | None = None
    fail_on: str = "violation"
    verbose: bool = False


def run(options: Options) -> int:
    """
    Render the report, and return the exit code that its verdict means.

    Raises:
        NotAReport: If the file is none.
        Unwritable: If the output can't be written.
    """
    refuse_output(options.output, {options.path})
    report = read_report(options.path)
    look = look_of_output(options.output, verbose=options.verbose)
    publish(render(report, options.form, look), options.output)
    return exit_code(report, options.fail_on)


def read_report(path: Path) -> Mapping[str, Any]:
    """
    Return the report in *path*, which matches its schema.

    Raises:
        NotAReport: If it does not, or can't be read.
    """
    import json

    import jsonschema_rs

    from logconform.schemas import schema_folder

    try:
        report = parsed(path)
    except NotComparable as error:
        raise NotAReport(str(error)) from None
    schema = json.loads((schema_folder() / "conformance-report.schema.json").read_bytes())
    fault = next(jsonschema_rs.Draft202012Validator(schema).iter_errors(report), None)
    if fault is not None:
        where = "/".join(map(str, fault.instance_path)) or "the top level"
        raise NotAReport(f"{path}: is no report, by its schema, at {where}: {fault.message[:200]}; {_REMEDY}")
    if "causes" not in report:  # the schema lets a report go without, the formats for people do not
        raise NotAReport(f"{path}: is a report of an older version, without causes; {_REMEDY}")
    found: Mapping[str, Any] = report
    return found
