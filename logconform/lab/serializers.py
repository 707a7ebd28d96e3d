"""How the lab writes a task, so that the worker under test can read it."""

from __future__ import annotations

from kombu.exceptions import EncodeError, SerializerNotInstalled
from kombu.serialization import dumps

from logconform.lab.truth import Event

SERIALIZERS = ("json", "pickle", "msgpack", "yaml")
"""Those that come with Celery. Any other is registered by a service, or signs with a key of its own."""


def serializer_for(ready: Event) -> str | None:
    """
    Return how to write a task for a worker that is ready: as its own app does, else in another way that it takes.

    None where it takes none that the lab has.

    >>> own = {"serializer": "pickle", "accepts": None}
    >>> serializer_for(Event("ready", 0, own))
    'pickle'
    >>> serializer_for(Event("ready", 0, {**own, "serializer": "auth", "accepts": ["application/json"]}))
    'json'
    >>> serializer_for(Event("ready", 0, {**own, "accepts": ["application/data"]}))
    """
    accepts = ready["accepts"]
    for name in (ready["serializer"] or "json", *SERIALIZERS):
        written = _content_type(name)
        if written is not None and (accepts is None or written in accepts):
            return name
    return None


def _content_type(serializer: str) -> str | None:
    """Return what is written by a serializer; None where the lab does not have it."""
    try:
        return str(dumps({}, serializer=serializer)[0])  # type: ignore[no-untyped-call]
    except (EncodeError, SerializerNotInstalled):
        return None
