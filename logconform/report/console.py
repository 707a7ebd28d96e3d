"""Text for people, as Rich lays it out: coloured on a terminal, plain in files and pipes."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from logconform.report import Look

_UNBOUNDED = 10_000  # columns: places are to be clicked and copied, so no line is ever broken here


def printed(parts: Iterable[Text | Table], look: Look) -> str:
    """Return *parts* below each other as one text; without colour it is plain."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=_UNBOUNDED,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part, soft_wrap=not isinstance(part, Table))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"
