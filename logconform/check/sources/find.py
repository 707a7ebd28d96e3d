"""
Which streams the arguments of a command name.

Rotated files come oldest first, so that an execution that began in
`worker.log.1` is read before it ends in `worker.log`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from glob import glob
from pathlib import Path, PurePosixPath

from logconform.check.sources import remote
from logconform.check.sources.source import STDIN, Source
from logconform.check.sources.unreadable import Unreadable, why_local

_LOG = re.compile(
    r"(?P<base>.+\.(?:ndjson|jsonl|log))(?:[.-](?P<rotation>\d[\w:.-]*?))?(?P<packed>\.(?:gz|bz2|xz|zst))?"
)


def find_sources(arguments: Iterable[str]) -> list[Source]:
    """
    Return the streams that *arguments* name, each once: files, folders (the logs below them), patterns,
    addresses, or `-`.

    What belongs to one rotated set comes oldest first, in whatever order a
    shell named it: `worker.log*` puts `worker.log` before `worker.log.1`.

    Raises:
        Unreadable: If something is missing, or a folder or pattern holds no log.
    """
    known: dict[str, Source] = {}
    for source in (source for argument in arguments for source in _expand(remote.local_path(argument))):
        known.setdefault(_identity(source), source)
    sets: dict[str, list[Source]] = {}
    for source in known.values():
        sets.setdefault(_age(source.path)[0], []).append(source)
    return [source for each in sets.values() for source in sorted(each, key=lambda source: _age(source.path))]


def _identity(source: Source) -> str:
    return source.url or (STDIN if source.path == STDIN else str(Path(source.path).resolve()))


def _expand(argument: str) -> Sequence[Source]:
    if argument == STDIN:
        return [Source(STDIN)]
    if remote.is_url(argument):
        objects = remote.expand(argument, lambda name: _LOG.fullmatch(name) is not None)
        found = [Source(remote.masked(each.url), each.size, each.url) for each in objects]
        return sorted(found, key=lambda source: _age(source.path))
    return [Source(path, _size(path)) for path in _expand_path(argument)]


def _expand_path(argument: str) -> Sequence[str]:
    path = Path(argument)
    try:
        if path.is_dir():
            return _in_folder(path)
        if path.exists():
            return [argument]
    except (OSError, ValueError) as error:
        raise Unreadable(why_local(argument, error)) from None
    if any(sign in argument for sign in "*?["):
        # Path.glob takes no absolute patterns
        found = [each for each in glob(argument, recursive=True) if not Path(each).is_dir()]  # noqa: PTH207
        if not found:
            raise Unreadable(f"{argument}: no file matches; check the pattern, and quote it where the shell expands it")
        return sorted(found, key=_age)
    raise Unreadable(f"{argument}: no such file or folder; check the path")


def _in_folder(folder: Path) -> Sequence[str]:
    def refuse(error: OSError) -> None:
        raise Unreadable(why_local(str(error.filename), error)) from None

    everything = (Path(parent, name) for parent, _, names in os.walk(folder, onerror=refuse) for name in names)
    found = [str(path) for path in everything if _LOG.fullmatch(path.name) and path.is_file()]
    if not found:
        raise Unreadable(
            f"{folder}: no logs in this folder; they end in .ndjson, .jsonl or .log, plain or packed "
            "(.gz, .bz2, .xz, .zst). Name other files one by one"
        )
    return sorted(found, key=_age)


def _age(path: str) -> tuple[str, bool, int, str]:
    """Sort key: by rotated set, oldest first: worker.log.2, worker.log.1, worker.log; dated ones by date."""
    name = PurePosixPath(path).name
    parts = _LOG.fullmatch(name)
    if parts is None:
        return (path, True, 0, name)
    base, rotation = str(PurePosixPath(path).parent / parts["base"]), parts["rotation"] or ""
    number = int(rotation) if rotation.isdigit() and len(rotation) < 5 else 0
    return (base, not rotation, -number, rotation)


def _size(path: str) -> int:
    with suppress(OSError):
        return Path(path).stat().st_size
    return 0
