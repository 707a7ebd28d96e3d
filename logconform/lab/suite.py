"""Where the suite's features are: in the installed package, else in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def features_folder() -> Path | None:
    """Return the folder with the features; None where this installation lacks them."""
    places = (_PACKAGE / "_data" / "features", _PACKAGE.parent / "features")
    return next((folder for folder in places if folder.is_dir()), None)
