"""Where a text goes: to a file, or to standard output."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from logconform.report import Look


class Unwritable(Exception):
    """The output can't be written. Its text names the file, why, and the remedy."""


def look_of_output(output: Path | None, *, verbose: bool = False) -> Look:
    """Return how a text looks there: coloured and as wide as the window on a terminal, plain elsewhere."""
    if output is not None or not sys.stdout.isatty():
        return Look(verbose=verbose)
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return Look(verbose=verbose, colour=not plain, width=shutil.get_terminal_size().columns)


def refuse_output(output: Path | None, inputs: set[Path]) -> None:
    """
    Say before a long read what would fail after it, and never write over an input.

    Raises:
        Unwritable: If *output* has no folder, or is one of *inputs*.
    """
    if output is None:
        return
    if not output.parent.is_dir():
        raise Unwritable(f"{output}: there is no folder {output.parent}; create it first")
    if output.resolve() in {each.resolve() for each in inputs}:
        raise Unwritable(f"{output}: is one of the files to read; write somewhere else")


def publish(text: str, output: Path | None) -> None:
    """
    Write *text* in UTF-8; a reader that went away (`| head`) is no error.

    Raises:
        Unwritable: If it can't be written.
    """
    try:
        if output is not None:
            output.write_text(text, "utf-8")
            return
        sys.stdout.buffer.write(text.encode("utf-8"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # What is still buffered would raise again when the interpreter ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except OSError as error:
        where = output or "standard output"
        raise Unwritable(f"{where}: can't be written ({error.strerror}); free some space, or write elsewhere") from None
