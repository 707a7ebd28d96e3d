"""Why a sample can't be read, in one line with its remedy."""

from __future__ import annotations


class Unreadable(Exception):
    """A sample can't be read. Its text names what, why, and the remedy."""


def why_local(path: str, error: Exception) -> str:
    """Say what keeps a file from being read."""
    if isinstance(error, PermissionError):
        return f"{path}: permission denied; run as a user who may read it"
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file or folder; check the path"
    if isinstance(error, IsADirectoryError):
        return f"{path}: is a folder; name the files in it"
    told = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{path}: can't be read ({told}); copy it to a disk that works, and check the copy"


def why_packed(path: str, error: Exception) -> str:
    """Say what keeps packed data from being unpacked; every unpacker has exceptions of its own."""
    if isinstance(error, EOFError):
        return f"{path}: ends in the middle of its packed data; copy it again whole"
    return f"{path}: its packed data is damaged ({error}); copy it again whole, or rename it if it is not packed"
