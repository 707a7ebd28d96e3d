"""Names of services: what may be one, and what the package is called that goes with it."""

from __future__ import annotations

import keyword
import re
import sys

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_FOLDERS = frozenset({"build", "dist", "features", "logs", "reports", "tests"})
"""Folders of a service that are not its package."""
# fmt: off
_IMPORTED = frozenset({
    "amqp", "billiard", "celery", "click", "dateutil", "dotenv", "gevent", "greenlet", "kombu", "logconform",
    "opentelemetry", "orjson", "psutil", "pydantic", "pydantic_core", "pydantic_settings", "pytest", "redis",
    "reference_worker", "structlog", "vine",
})
# fmt: on
"""Packages that a service needs, itself or by what it imports."""


class NameRefused(ValueError):
    """A service can't have this name; says why, and what would do."""


def package_of(name: str) -> str:
    """
    Return what the package of the service *name* is called.

    Raises:
        NameRefused: If it is no name of a project, or its package would stand in the way of another.

    >>> package_of("mail-sender")
    'mail_sender'
    """
    if not _NAME.fullmatch(name):
        raise NameRefused(
            f"{name!r} can't be a service's name: use lower-case letters, digits and single dashes, and begin with "
            f"a letter{_like(name)}"
        )
    package = name.replace("-", "_")
    if why := _taken(package):
        raise NameRefused(f"{name!r} can't be a service's name: {why}; choose another, such as {name}-worker")
    return package


def _like(name: str) -> str:
    """Propose the nearest name, where there is one."""
    near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").lstrip("0123456789-")
    return f", such as {near}" if _NAME.fullmatch(near) else ""


def _taken(package: str) -> str | None:
    if keyword.iskeyword(package):
        return "it is a word of Python's own"
    if package in sys.stdlib_module_names:
        return f"Python's own module {package} could not be imported any more"
    if package in _IMPORTED:
        return f"the service needs the package {package} itself"
    if package in _FOLDERS:
        return f"{package}/ is another folder of the service"
    return None
