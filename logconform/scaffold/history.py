"""
The template's history on this machine: a git repository, with a tag for each version of logconform that was used.

`copier update` compares the version that a service was made with and a later
one, so it needs both, and git. The repository is the user's (XDG's data
folder); services name it by a path that starts with `~`, which is the same on
every machine. What a version looks like depends on nothing but its content.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from logconform.scaffold.template import digest_of

_WHO = "logconform <logconform@localhost> 0 +0000"
SECONDS = 60
"""How long git may take: it writes some 70 small files."""


class HistoryError(Exception):
    """The repository can't be used; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class History:
    """The template's repository."""

    folder: Path

    @property
    def address(self) -> str:
        """Its path, as a service names it: from the home folder on, where it is below that."""
        home = Path.home()
        return f"~/{self.folder.relative_to(home).as_posix()}" if self.folder.is_relative_to(home) else str(self.folder)

    def remember(self, version: str, files: Mapping[str, bytes]) -> str:
        """
        Keep a version's template, and return its tag: `v0.1.0`, or `v0.1.0.post1` where that had other content.

        Raises:
            HistoryError: If there is no git, or it refuses.
        """
        self._make()
        digest = digest_of(files)
        known = self.tags()
        tag = _place(f"v{version}", digest, known)
        if tag in known:
            return tag
        self._git("fast-import", "--quiet", "--force", given=_commit(tag, digest, files, first=not known))
        return tag

    def tags(self) -> dict[str, str]:
        """Return the tags, each with the digest of its content."""
        listed = self._git("for-each-ref", "--format=%(refname:strip=2) %(contents:subject)", "refs/tags")
        return dict(line.split(" ", 1) for line in listed.decode().splitlines() if " " in line)

    def _make(self) -> None:
        if shutil.which("git") is None:
            raise HistoryError(
                "git is missing: the template is kept in a git repository, so that services can be updated; "
                "install it (Debian: apt install git)"
            )
        if not (self.folder / ".git").is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._git("-c", "init.defaultBranch=main", "init", "--quiet", "--template=")

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run git, whatever the user's configuration says."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment = {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.folder), *arguments]
        try:
            done = subprocess.run(
                command, input=given, env=environment, capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise HistoryError(f"{self.folder}: git did not end within {SECONDS} s; delete the folder") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
            raise HistoryError(f"{self.folder}: git {arguments[0]}: {said[-1]}; if that stays so, delete the folder")
        return done.stdout


def _place(tag: str, digest: str, known: Mapping[str, str]) -> str:
    """Return the version's tag that has this content, else the first that is free: in development it has several."""
    number, name = 0, tag
    while known.get(name, digest) != digest:
        number += 1
        name = f"{tag}.post{number}"
    return name


def _commit(tag: str, digest: str, files: Mapping[str, bytes], *, first: bool) -> bytes:
    """Return what makes `git fast-import` write a commit and its tag."""
    parts = [b"commit refs/heads/main\nmark :1\n", f"committer {_WHO}\n".encode(), _data(digest.encode())]
    parts += [] if first else [b"from refs/heads/main^0\n"]
    parts.append(b"deleteall\n")
    for name, content in sorted(files.items()):
        parts += [f"M 100644 inline {name}\n".encode(), _data(content)]
    parts.append(f"reset refs/tags/{tag}\nfrom :1\n\n".encode())
    return b"".join(parts)


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
