"""What a docstring shows is what happens."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from reference_worker import logging

ROOT = Path(__file__).parents[2]
FOLDERS = ("logconform", "reference_worker")


def modules_with_examples() -> list[str]:
    """Return the modules whose source shows an example, without importing the others: some are for workers only."""
    sources = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    parts = [path.relative_to(ROOT).with_suffix("").parts for path in sources if ">>> " in path.read_text("utf-8")]
    return [".".join(part).removesuffix(".__init__") for part in parts]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_hold(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each example gives what its docstring says."""
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", logging.__all__)
def test_every_public_name_of_the_log_has_an_example(name: str) -> None:
    """`reference_worker.logging` shows how each of its names is used."""
    example = doctest.DocTestParser().get_examples(getattr(logging, name).__doc__ or "")
    assert any(name in each.source for each in example)
