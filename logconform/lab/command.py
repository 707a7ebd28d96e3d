"""The service's own command of a worker, with the lab's options where they belong."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise

from logconform.config import OPTIONS_PLACES, WORKER_PLACEHOLDERS
from logconform.lab.brokers import Broker

OPTIONS_VARIABLE = "LOGCONFORM_WORKER_OPTIONS"
"""Holds the options of `celery worker`, quoted for a shell: for a script that takes no arguments."""
_NAMED = re.compile(r"(?<!\$)\{(" + "|".join(WORKER_PLACEHOLDERS) + r")\}")


def own_command(template: Sequence[str], options: Sequence[str], broker: Broker) -> list[str]:
    """
    Return the service's own command, with the *options* of `celery worker` in it.

    An item `{options}` becomes all of them; inside a longer item they are
    quoted for a shell. The other placeholders are single values. Where neither
    `{options}` nor `{include}` stands, the options are appended.

    >>> nowhere = Broker("redis://b", "redis://b/1", "redis://b")
    >>> own_command(["./start.sh"], ["--pool", "solo"], nowhere)
    ['./start.sh', '--pool', 'solo']
    >>> own_command(["sh", "-c", "exec celery worker {options}"], ["--pool", "solo"], nowhere)
    ['sh', '-c', 'exec celery worker --pool solo']
    """
    values = {**_values(options), "broker": broker.url, "result_backend": broker.result_url}
    command: list[str] = []
    for item in template:
        command += options if item == "{options}" else [_filled(item, values)]
    placed = any(place in item for place in OPTIONS_PLACES for item in template)
    return command if placed else [*command, *options]


def _values(options: Sequence[str]) -> dict[str, str]:
    """Return the single values of *options* by their names, and all of them as a shell reads them."""
    pairs = pairwise(options)
    named = {name.removeprefix("--"): value for name, value in pairs if name.startswith("--")}
    return {**named, "options": shlex.join(options)}


def _filled(item: str, values: Mapping[str, str]) -> str:
    return _NAMED.sub(lambda found: values[found[1]], item)
