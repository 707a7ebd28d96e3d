"""Texts from schemas and features as Markdown in which nothing of them is markup."""

from __future__ import annotations

import re
from html import escape

_MARKUP = re.compile(r"[|*_\[\]\\`{}~#=!+:-]")


def plain(text: str) -> str:
    """
    Return *text* in one line, with every character that could be markup spelt out.

    >>> plain("a <b> | *c*")
    'a &lt;b&gt; &#124; &#42;c&#42;'
    """
    line = " ".join(text.split())
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", escape(line, quote=False))


def code(text: str) -> str:
    """Return *text* as a code span, also where a table's cell or Markdown would end."""
    return f"<code>{plain(text)}</code>"


def prose(text: str) -> str:
    """
    Return *text* with its code spans kept, and nothing else of it markup.

    >>> prose("see `a|b`, *not* bold")
    'see <code>a&#124;b</code>, &#42;not&#42; bold'
    """
    parts = text.split("`")
    return "".join(code(part) if index % 2 else plain_part(part) for index, part in enumerate(parts))


def plain_part(text: str) -> str:
    """Return a part of a line as `plain` does, with the blanks at its ends."""
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and text.strip() else ""
    return f"{before}{plain(text)}{after}"
