"""Where the files are that come with the code: schemas, features, contract, template."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
DATA = PACKAGE / "_data"
"""Where the wheel has them."""


def shipped(name: str, in_source: str | None = None) -> Path:
    """
    Return where the folder *name* is: inside the installed package, else in the source tree, there as *in_source*.

    >>> shipped("contract", "docs/contract").name
    'contract'
    """
    packaged = DATA / name
    return packaged if packaged.is_dir() else PACKAGE.parent / (in_source or name)
