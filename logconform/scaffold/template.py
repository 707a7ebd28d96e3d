"""
The template of this version of logconform: what Copier needs, gathered from where it is.

In a checkout the repository itself is the template: `copier.yml` with its
questions, `template/` with the files, and the parts of `reference_worker/` and
the licence that they include. In an installation the first two are data, and
the reference worker is the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from logconform.shipped import PACKAGE, shipped

BROKERS = ("redis", "rabbitmq")
POOLS = ("prefork", "threads", "solo", "gevent")
PROFILES = ("progress", "resource", "tracing")
"""What can be answered; a test holds these to `copier.yml`."""


class TemplateMissing(Exception):
    """The installation is not whole."""


def template_files() -> dict[str, bytes]:
    """
    Return the template's files by their paths, as a Copier source has them.

    Raises:
        TemplateMissing: If the installation lacks them.
    """
    home = shipped("template").parent
    files = {name: path.read_bytes() for name, path in _paths(home)}
    if "copier.yml" not in files or "reference_worker/worker.py" not in files:
        raise TemplateMissing("the template is missing from this installation; install logconform again")
    return files


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return what tells one state of the template from another."""
    whole = sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _paths(home: Path) -> Iterator[tuple[str, Path]]:
    for name in ("copier.yml", "LICENSE"):
        if (home / name).is_file():
            yield name, home / name
    yield from _below(home / "template", "*")
    yield from _below(PACKAGE.parent / "reference_worker", "*.py")


def _below(folder: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            yield path.relative_to(folder.parent).as_posix(), path
