"""What stands around a comparison: two files in, a text and an exit code out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logconform.report.diff import diff_reports
from logconform.report.diff_catalogs import diff_catalogs
from logconform.report.diff_input import Catalog, NotComparable, Report, read_document
from logconform.report.diff_text import render
from logconform.report.output import look_of_output, publish, refuse_output


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    before: Path
    after: Path
    form: str = "text"
    output: Path | None = None
    fail_on: str = "violation"


def run(options: Options) -> int:
    """
    Compare, write what changed, and return the exit code: 1 on a regression.

    Raises:
        NotComparable: If a file is no report and no catalog, or one is this and the other that.
        Unwritable: If the comparison can't be written.
    """
    refuse_output(options.output, {options.before, options.after})
    made = compare(options.before, options.after, options.fail_on)
    publish(render(made, options.form, look_of_output(options.output)), options.output)
    return 1 if made["regression"] else 0


def compare(before: Path, after: Path, fail_on: str = "violation") -> dict[str, Any]:
    """
    Return what changed between two files, as `schemas/diff.schema.json` describes it.

    Raises:
        NotComparable: If a file is no report and no catalog, or one is this and the other that.
    """
    old, new = read_document(before), read_document(after)
    paths = (str(before), str(after))
    if isinstance(old, Report) and isinstance(new, Report):
        return diff_reports(old, new, paths, fail_on)
    if isinstance(old, Catalog) and isinstance(new, Catalog):
        return diff_catalogs(old, new, paths, fail_on)
    was, now = ("a catalog" if isinstance(each, Catalog) else "a conformance report" for each in (old, new))
    raise NotComparable(f"{before} is {was}, {after} is {now}; compare two of one kind")
