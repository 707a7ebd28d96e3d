"""
Object stores and web servers, through fsspec, which is an extra.

An address can carry credentials, in front of the host or in its query. They
are used, and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from logconform.check.sources.unreadable import Unreadable

MASK = "***"
_URL = re.compile(r"(?:[A-Za-z][\w+.-]*::)*[A-Za-z][\w+.-]+://")
_WEB = ("http://", "https://")
_USER = re.compile(r"(?<=://)(?:[^/?#]*|[^/?#:@]+:(?!\d+/)[^?#@]*)(?=@)")  # an unquoted key may hold slashes
_VALUE = re.compile(r"(?<==)[^&;#]+")
_WORTH_HIDING = 3  # characters; less would blank out half a message
_BUNDLED = ("http", "https", "s3", "s3a", "memory")
_TIMEOUT = 60
"""Seconds in which a server has to answer, and to send some more."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object of a store. *size* is in bytes, 0 where the store doesn't tell."""

    url: str
    size: int


def is_url(argument: str) -> bool:
    """Whether *argument* is an address rather than a path."""
    return _URL.match(argument) is not None


def local_path(argument: str) -> str:
    """
    Return the path that a `file://` address stands for, anything else as it is.

    >>> local_path("file:///var/log/a%20b.log")
    '/var/log/a b.log'
    """
    if not argument.lower().startswith("file://"):
        return argument
    parts = urlsplit(argument)
    return url2pathname((parts.netloc if parts.netloc != "localhost" else "") + parts.path)


def masked(url: str) -> str:
    """
    Return *url* without what may be a credential.

    >>> masked("https://ann:pw@host/w.log?sig=abc&v=2")
    'https://***@host/w.log?sig=***&v=***'
    """
    address, mark, query = _USER.sub(MASK, url).partition("?")
    if mark and "=" not in query and url.startswith(_WEB):
        return f"{address}?{MASK}"
    return f"{address}{mark}{_VALUE.sub(MASK, query)}"


def expand(url: str, is_log: Callable[[str], bool]) -> list[Object]:
    """
    Return the objects that *url* names: itself, those that match its pattern, or the logs below it.

    Raises:
        Unreadable: If there is none, or the store can't be asked.
    """
    files, path = _filesystem(url)
    try:
        found = _found(files, path, url, is_log)
        return [Object(url if each == path else files.unstrip_protocol(each), _size(files, each)) for each in found]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(why(url, error)) from None


def open_url(url: str) -> Any:
    """
    Open one object for reading from its beginning to its end.

    Raises:
        Unreadable: If it can't be opened.
    """
    files, path = _filesystem(url)
    try:
        # A block size of 0 asks a web server for one stream, not for ranges, which not every server gives.
        return files.open(path, "rb", **({"block_size": 0} if url.startswith(_WEB) else {}))
    except Exception as error:
        raise Unreadable(why(url, error)) from None


def why(url: str, error: Exception) -> str:
    """Say what keeps an object from being read, whatever its library raises."""
    shown = masked(url)
    if isinstance(error, FileNotFoundError) and hasattr(error.__cause__, "status"):
        error = error.__cause__  # type: ignore[assignment]  # fsspec says so of any answer that is an error
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError) or status == 404:
        return f"{shown}: nothing is stored there; check the address"
    if isinstance(error, PermissionError) or status in (401, 403):
        return f"{shown}: access is denied; check the credentials"
    told = " ".join(_scrubbed(str(error), url).split())[:200]
    fault = f"{type(error).__name__}: {told}" if told else type(error).__name__
    return f"{shown}: can't be read ({fault}); check address and network, or download it first"


def _filesystem(url: str) -> tuple[Any, str]:
    scheme = _URL.match(url)[0].rpartition("::")[2][:-3]  # type: ignore[index]  # only addresses come here
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(url, **_options(url))
    except ImportError as error:
        more = "" if scheme in _BUNDLED else f" and what reads {scheme}:// ({error})"
        raise Unreadable(f"{masked(url)}: is not a file here; install logconform[remote]{more}") from None
    except ValueError:
        raise Unreadable(f"{masked(url)}: no store is called {scheme}://; check the address") from None
    except Exception as error:
        raise Unreadable(why(url, error)) from None
    return files, path


def _options(url: str) -> dict[str, Any]:
    if not url.startswith(_WEB):
        return {}
    from aiohttp import ClientTimeout

    # By default a whole download has five minutes.
    return {"client_kwargs": {"timeout": ClientTimeout(total=None, sock_connect=_TIMEOUT, sock_read=_TIMEOUT)}}


def _found(files: Any, path: str, url: str, is_log: Callable[[str], bool]) -> list[str]:
    web = url.startswith(_WEB)
    if any(sign in path for sign in ("*" if web else "*?[")):
        found = [each for each in files.glob(path) if web or not files.isdir(each)]
        if not found:
            raise Unreadable(f"{masked(url)}: nothing matches; check the pattern, and quote it")
        return found
    # Asking a web server whether something is a folder means to fetch it.
    if not (path.endswith("/") if web else files.isdir(path)):
        return [path]
    found = [each for each in files.find(path) if is_log(each.rpartition("/")[2])]
    if not found:
        raise Unreadable(
            f"{masked(url)}: no logs there; they end in .ndjson, .jsonl or .log, plain or packed "
            "(.gz, .bz2, .xz, .zst). Name other objects one by one"
        )
    return found


def _size(files: Any, path: str) -> int:
    return int(files.info(path).get("size") or 0)


def _scrubbed(text: str, url: str) -> str:
    user = _USER.search(url)
    pieces = user[0].split(":") if user else []
    pieces += _VALUE.findall(url.partition("?")[2])
    secrets = {each for piece in pieces for each in (piece, unquote(piece)) if len(each) >= _WORTH_HIDING}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
