"""
Where the running logconform was installed from: a new service takes it from there too.

From a package index, there is nothing to say. From a wheel, a folder or a
repository, pip and uv note the address (PEP 610), and the service's `make` gets
it in `local.mk`, which is about one machine and never committed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

LOCAL_MAKEFILE = "local.mk"
_HEADER = "# Where the logconform came from that made this service. It is about this machine: don't commit it."


def note_origin(folder: Path) -> None:
    """Write to a service's `local.mk` where the running logconform came from; from an index, there is none."""
    path, direct = folder / LOCAL_MAKEFILE, _direct_url()
    if direct is not None:
        path.write_text(makefile_of(direct), "utf-8")
    elif path.is_file() and path.read_text("utf-8", "replace").startswith(_HEADER):
        path.unlink()


def makefile_of(direct: Mapping[str, Any]) -> str:
    """
    Return the makefile for what PEP 610 calls a direct URL.

    >>> print(makefile_of({"url": "file:///a%20b/logconform.whl", "archive_info": {}}))
    # Where the logconform came from that made this service. It is about this machine: don't commit it.
    LOGCONFORM ?= logconform @ file:///a%20b/logconform.whl
    LOGCONFORM_AT := /a b/logconform.whl
    <BLANKLINE>
    """
    lines = [_HEADER, f"LOGCONFORM ?= {_for_make(_requirement(direct))}"]
    parts = urlsplit(direct["url"])
    if parts.scheme == "file" and "vcs_info" not in direct:
        lines.append(f"LOGCONFORM_AT := {_for_make(_in_quotes(str(Path(unquote(parts.path)))))}")
    return "\n".join(lines) + "\n"


def _direct_url() -> dict[str, Any] | None:
    try:
        noted = distribution("logconform").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    return json.loads(noted) if noted else None


def _requirement(direct: Mapping[str, Any]) -> str:
    url = str(direct["url"])
    if url.startswith("file:"):
        url = f"file:{quote(unquote(url.removeprefix('file:')), safe='/:')}"  # installers differ in what they quote
    if "vcs_info" in direct:
        url = f"{direct['vcs_info']['vcs']}+{url}@{direct['vcs_info']['commit_id']}"
    below = f"#subdirectory={direct['subdirectory']}" if "subdirectory" in direct else ""
    return f"logconform @ {url}{below}"


def _in_quotes(text: str) -> str:
    """Return *text* as it stands between a shell's double quotes."""
    return re.sub(r'([\\"$`])', r"\\\1", text)


def _for_make(text: str) -> str:
    return text.replace("$", "$$").replace("#", r"\#")
