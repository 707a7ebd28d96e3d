"""The report: its model, and one module per output format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

FORMATS = {
    "text": "terminal",
    "json": "json_format",
    "junit": "junit",
    "sarif": "sarif",
    "github": "github",
    "markdown": "markdown",
    "badge": "badge",
}
"""Name of a format → module of this package that has `render(report, look) -> str`."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a report for people looks. `width`, in columns, lets a wide terminal show more of the evidence."""

    verbose: bool = False
    colour: bool = False
    width: int | None = None


def render(report: Mapping[str, Any], format: str = "text", look: Look | None = None) -> str:
    """
    Return *report* in *format*, one of `FORMATS`, ended by a newline.

    Raises:
        ValueError: If there is no such format.
    """
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}; known are {', '.join(FORMATS)}")
    module = import_module(f"{__name__}.{FORMATS[format]}")
    text: str = module.render(report, look or Look())
    return text
