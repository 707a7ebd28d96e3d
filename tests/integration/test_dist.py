"""What is published: sdist and wheel hold exactly what the tree says, and are the same wherever they are built."""

from __future__ import annotations

from collections.abc import Iterable
from configparser import ConfigParser
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.integration.published import (
    ROOT,
    build,
    copy_of_tree,
    files_of_sdist,
    files_of_wheel,
    project,
    tracked,
)

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git says what belongs to the tree")
MUST_HAVE = {
    "logconform/py.typed",
    "reference_worker/py.typed",
    "reference_worker/logging/configure.py",
    "logconform/_data/contract/index.md",
    "logconform/_data/contract/context.md",
    "logconform/_data/features/conftest.py",
    "logconform/_data/features/context.feature",
    "logconform/_data/features/run.ini",
    "logconform/_data/features/steps/tasks.py",
    "logconform/_data/schemas/record.schema.json",
}
ABOUT = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


class Published(NamedTuple):
    folder: Path
    wheel: Path
    sdist: Path


def published(folder: Path) -> Published:
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Published(folder, wheel, sdist)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The sdist of this tree, and the wheel that is built from the sdist."""
    return published(build(ROOT, tmp_path_factory.mktemp("dist")))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Both from a copy of the tree, by somebody whose files are nobody else's to read."""
    copy = copy_of_tree(tmp_path_factory.mktemp("copy") / "tree")
    return published(build(copy, copy.parent / "dist", "--sdist", "--wheel", umask=0o077))


def bounds(requirements: Iterable[Requirement]) -> dict[str, str]:
    return {canonicalize_name(each.name): str(each.specifier) for each in requirements}


def expected_in_wheel() -> set[str]:
    """The packages, and each folder that travels as data, as far as git knows their files."""
    target = project()["tool"]["hatch"]["build"]["targets"]["wheel"]
    names = {name for package in target["packages"] for name in tracked(package)}
    for source, place in target["force-include"].items():
        names |= {place + name.removeprefix(source) for name in tracked(source)}
    return names


def test_the_wheel_holds_what_the_tree_says_and_nothing_else(here: Published) -> None:
    """Code, types, schemas, features and contract; no tests, no caches, nothing that lay about."""
    names = set(files_of_wheel(here.wheel))
    about = {name.partition(".dist-info/")[2] for name in names if ".dist-info/" in name}
    assert about == ABOUT
    assert {name for name in names if ".dist-info/" not in name} == expected_in_wheel()
    assert names >= MUST_HAVE
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"logconform", "reference_worker"}


def test_the_sdist_holds_the_tree(here: Published) -> None:
    """Whoever builds, patches or tests from it has what a clone has, and the metadata."""
    assert set(files_of_sdist(here.sdist)) == {*tracked(), "PKG-INFO"}


def test_both_are_the_same_wherever_they_are_built(here: Published, elsewhere: Published) -> None:
    """Byte for byte: another folder, other times and rights, the wheel from the tree or from the sdist."""
    assert here.sdist.read_bytes() == elsewhere.sdist.read_bytes()
    assert here.wheel.read_bytes() == elsewhere.wheel.read_bytes()


def test_neither_tells_where_it_was_built(here: Published) -> None:
    """No file names a folder of this machine."""
    files = {**files_of_wheel(here.wheel), **files_of_sdist(here.sdist)}
    folders = [str(ROOT).encode(), str(here.folder).encode()]
    assert [name for name, content in files.items() if any(folder in content for folder in folders)] == []


def test_the_metadata_is_what_an_index_accepts(here: Published) -> None:
    """Valid in every field, and it says what `pyproject.toml` says."""
    [text] = [content for name, content in files_of_wheel(here.wheel).items() if name.endswith("/METADATA")]
    told, said = Metadata.from_email(text, validate=True), project()["project"]
    assert (told.name, str(told.version), str(told.license_expression)) == ("logconform", said["version"], "Apache-2.0")
    assert told.description_content_type == "text/markdown"
    assert told.description == (ROOT / "README.md").read_text("utf-8")
    assert set(told.provides_extra or ()) == set(said["optional-dependencies"])
    always = [each for each in told.requires_dist or () if "extra" not in str(each.marker)]
    assert bounds(always) == bounds(map(Requirement, said["dependencies"]))


def test_the_wheel_brings_one_command(here: Published) -> None:
    """`logconform`, and what pytest finds by itself; the reference worker is started as a module."""
    [text] = [content for name, content in files_of_wheel(here.wheel).items() if name.endswith("/entry_points.txt")]
    found = ConfigParser()
    found.read_string(text.decode())
    told = {group: dict(found[group]) for group in found.sections()}
    assert told == {"console_scripts": {"logconform": "logconform.cli:main"}, **project()["project"]["entry-points"]}
