"""The report as JSON: what `schemas/conformance-report.schema.json` describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from logconform.report import Look


def render(report: Mapping[str, Any], look: Look) -> str:  # noqa: ARG001  # every format takes a look
    """Return *report* as JSON, indented by two, members in the order of the model."""
    return orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode("utf-8")
