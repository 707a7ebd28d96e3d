"""How the service starts its worker today, told from the files that start things: Procfile, Dockerfile, CI, …"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from logconform.adopt.walk import files_of

_STARTS = re.compile(
    r"Procfile[\w.-]*|(?:[\w.-]+\.)?Dockerfile(?:\.[\w.-]+)?|(?:docker-)?compose[\w.-]*\.ya?ml|Makefile|justfile"
    r"|pyproject\.toml|setup\.cfg|tox\.ini|supervisord?[\w.-]*\.(?:conf|ini)|.gitlab-ci\.yml"
    r"|[\w.-]+\.(?:service|sh|mk|conf|ya?ml)",
    re.IGNORECASE,
)
_APP = re.compile(
    r"""celery\b["',\s\]\\-]{1,8}(?:[^\n&|;]{0,80}?[\s"',\\])??(?:-A|--app)["']?[=,\s]*(?:-\s+)?["']?"""
    r"""([A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*)?)"""
)
_WORKER = re.compile(r"^\s*worker\s*:\s*(?P<command>\S.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hint:
    """What a file gives to Celery's `--app`."""

    path: Path
    module: str
    attribute: str | None = None


def hints(folder: Path) -> list[Hint]:
    """Return every `celery --app ...` that the files below *folder* run, in their order."""
    found: dict[Hint, None] = {}
    for path in files_of(folder, "", hidden=(".github", ".circleci")):
        if not _STARTS.fullmatch(path.name):
            continue
        for named in _APP.findall(path.read_text("utf-8", "replace")):
            module, _, attribute = named.strip(".").partition(":")
            found[Hint(path.relative_to(folder), module, attribute or None)] = None
    return list(found)


def other_command(folder: Path) -> tuple[Path, str] | None:
    """Return the worker's command of a Procfile, where that is not Celery's own."""
    for path in sorted(folder.glob("Procfile*")):
        for found in _WORKER.finditer(path.read_text("utf-8", "replace")):
            if "celery" not in found["command"].split("worker")[0]:
                return path.relative_to(folder), found["command"].strip()
    return None
