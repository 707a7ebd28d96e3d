"""The file that an adoption writes: what was there stays, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from logconform.adopt.document import Document
from logconform.adopt.needs import TODO, Need
from logconform.config import ConfigError, Waiver, load_config

NEEDS = [
    Need(Waiver("FMT001", TODO, None, None, 2), "Every line is one JSON object", ["blank lines", 'lines like "x"']),
    Need(Waiver("SAFE001", TODO, date(2026, 12, 31), "threads-*", 1), "Secrets never appear", ["a\x1b[31m\nb"] * 10),
]
OWN = """# Written by `logconform init`.
app = "shop.celery:app"

[[waivers]]
# Every line is one JSON object:
# - blank lines
# - lines like "x"
requirement = "FMT001"
count = 2
reason = "TODO: why is this accepted, and what ends it?"

[[waivers]]
# Secrets never appear:
# - a\\x1b[31m\\nb
# - a\\x1b[31m\\nb
# - a\\x1b[31m\\nb
# - a\\x1b[31m\\nb
# - a\\x1b[31m\\nb
# - a\\x1b[31m\\nb
# - a\\x1b[31m\\nb
# - a\\x1b[31m\\nb
# - and 2 more
requirement = "SAFE001"
count = 1
environment = "threads-*"
until = 2026-12-31
reason = "TODO: why is this accepted, and what ends it?"
"""
WAIVERS = (Waiver("FMT001", TODO, None, None, 2), Waiver("SAFE001", TODO, date(2026, 12, 31), "threads-*", 1))


def written(document: Document) -> Document:
    document.path.write_bytes(document.text.encode())
    return document


def test_a_file_of_its_own_is_exactly_this(tmp_path: Path) -> None:
    """Without a pyproject.toml it is logconform.toml: the app, and each waiver with what it is about."""
    made = written(Document.of(tmp_path, None).with_app("shop.celery:app").with_new(NEEDS))
    assert (made.path, made.text) == (tmp_path / "logconform.toml", OWN)
    config = load_config(tmp_path)
    assert (config.app, config.waivers) == ("shop.celery:app", WAIVERS)


SHARED = ['[project]\nname = "shop"   # ours\r\n', "[tool.x]\na = [\n  1,\n]", '[project]\nname = "shop"\n\n', ""]


@pytest.mark.parametrize("text", SHARED)
def test_the_rest_of_pyproject_stays_byte_for_byte(tmp_path: Path, text: str) -> None:
    """The table is appended, whatever the file's line ends and last line are."""
    (tmp_path / "pyproject.toml").write_bytes(text.encode())
    made = written(Document.of(tmp_path, None).with_app("shop.celery:app").with_new(NEEDS))
    assert made.text.startswith(text)
    assert "[tool.logconform]\n# Written by" in made.text
    assert "\n[[tool.logconform.waivers]]\n" in made.text
    config = load_config(tmp_path)
    assert (config.app, config.waivers, config.source) == ("shop.celery:app", WAIVERS, made.path)


CONFIGURED = [
    ("logconform.toml", '[tasks.resource]\nname = "shop.render"\n'),
    ("logconform.toml", ""),
    (
        "pyproject.toml",
        '[tool.logconform]  # ours\nlog_file = "a"\n[tool.logconform.tasks.resource]\nname = "x"\n',
    ),
    ("pyproject.toml", '[tool.logconform.tasks.resource]\nname = "shop.render"\n'),
]


@pytest.mark.parametrize(("name", "text"), CONFIGURED)
def test_a_configuration_without_an_app_gets_one(tmp_path: Path, name: str, text: str) -> None:
    """It is named in the table that it belongs to, wherever that stands, and the rest holds on."""
    path = tmp_path / name
    path.write_text(text, "utf-8")
    before = load_config(tmp_path)
    made = written(Document.of(tmp_path, path).with_app("shop:app").with_new(NEEDS))
    made.expect(WAIVERS)
    assert load_config(tmp_path) == replace(before, source=path, app="shop:app", waivers=WAIVERS)
    assert all(line in made.text for line in text.splitlines())


KNOWN = """# ours
app = "shop:app"

[[waivers]]
requirement = "FMT001" # banner
reason = "the banner"
count = 3
# until we upgrade

[[waivers]]
requirement = "SAFE001"
reason = "no count"

[tasks.resource]
name = "shop.render"

[[ waivers ]]
  requirement = "FMT013"
  count=12
  reason = "libraries"
"""


def test_waivers_go_and_lower_their_count_and_nothing_else_changes(tmp_path: Path) -> None:
    """Comments, order and layout are the service's own."""
    path = tmp_path / "logconform.toml"
    path.write_text(KNOWN, "utf-8")
    waivers = load_config(tmp_path).waivers
    document = Document.of(tmp_path, path)
    assert document.renewed(dict(enumerate(waivers))).text == KNOWN
    lower = {0: Waiver("FMT001", "the banner", count=1), 1: waivers[1], 2: Waiver("FMT013", "libraries", count=4)}
    assert document.renewed(lower).text == KNOWN.replace("count = 3", "count = 1").replace("count=12", "count=4")
    first, rest = KNOWN.index('[[waivers]]\nrequirement = "SAFE'), KNOWN.index("[tasks")
    assert document.renewed({0: waivers[0], 2: waivers[2]}).text == KNOWN[:first] + KNOWN[rest:]
    assert document.renewed({}).with_new(NEEDS[:1]).text.startswith('# ours\napp = "shop:app"\n\n[tasks.resource]')


REFUSED = [
    'waivers = [{ requirement = "FMT001", reason = "x", count = 2 }]\n',
    '[[waivers]]\nrequirement = "FMT001"\ncount = 2\nreason = """\n[[waivers]]\n"""\n',
    '[["waivers"]]\nrequirement = "FMT001"\nreason = "x"\ncount = 2\n',
]


@pytest.mark.parametrize("text", REFUSED)
def test_waivers_that_cannot_be_told_apart_are_left_alone(tmp_path: Path, text: str) -> None:
    """What was read back is not what was meant: nothing is written, and the message says how to write them."""
    path = tmp_path / "logconform.toml"
    path.write_text(text, "utf-8")
    waiver = Waiver("FMT001", load_config(tmp_path).waivers[0].reason, count=1)
    with pytest.raises(ConfigError) as caught:
        Document.of(tmp_path, path).renewed({0: waiver})
    assert str(caught.value).startswith(f"{path}: ")
    assert "write each as a [[waivers]] table of its own" in str(caught.value)


def test_a_table_that_is_there_already_is_not_written_twice(tmp_path: Path) -> None:
    """TOML allows no second one; the message says what to do instead of breaking the file."""
    (tmp_path / "pyproject.toml").write_text("tool = { x = 1 }\n", "utf-8")
    made = Document.of(tmp_path, None).with_app("shop:app").with_new(NEEDS)
    with pytest.raises(ConfigError, match=r"pyproject\.toml: can't take the waivers"):
        made.expect(WAIVERS)
