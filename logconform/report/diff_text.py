"""A comparison for the terminal, for programs, and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from rich.text import Text

from logconform.report import Look
from logconform.report.console import printed
from logconform.report.diff_words import headline, remarks, sections
from logconform.report.entries import clean
from logconform.report.words import printable

FORMATS = ("text", "json", "markdown")
ROWS = 500
"""Changes of one kind shown in Markdown, so that a summary of CI takes it."""

_STYLES = {"bad": "bold red", "good": "green", "": ""}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~@$&])")


def render(made: Mapping[str, Any], format: str = "text", look: Look | None = None) -> str:
    """
    Return a comparison in *format*, one of `FORMATS`, ended by a newline.

    Raises:
        ValueError: If there is no such format.
    """
    if format == "json":
        return orjson.dumps(clean(made), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode("utf-8")
    if format == "markdown":
        return "\n\n".join(_page(made)) + "\n"
    if format != "text":
        raise ValueError(f"no format {format!r}; known are {', '.join(FORMATS)}")
    return _text(made, look or Look())


def _text(made: Mapping[str, Any], look: Look) -> str:
    return printed(_lines(made), look)


def _lines(made: Mapping[str, Any]) -> Iterator[Text]:
    yield Text(printable(headline(made)), style="bold red" if made["regression"] else "bold green")
    for each in remarks(made):
        yield Text(printable(each))
    for title, lines in sections(made):
        yield Text("")
        yield Text(title, style="bold")
        for about, told, mood in lines:
            yield Text(f"  {printable(about)}", style=_STYLES[mood])
            yield Text(f"    {printable(told)}")


def _page(made: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {_escaped(headline(made))}"
    if told := remarks(made):
        yield "\n".join(f"- {_escaped(each)}" for each in told)
    for title, lines in sections(made):
        rows = [f"| {_escaped(about)} | {_escaped(told)} |" for about, told, _ in lines[:ROWS]]
        yield f"### {title}"
        yield "\n".join(["| what | before → after |", "|---|---|", *rows])
        if len(lines) > ROWS:
            yield f"And {len(lines) - ROWS:,} more."


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", printable(text))
