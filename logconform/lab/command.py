"""The command that starts a worker, Celery's or the service's own."""

from __future__ import annotations

import re
import shlex
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from logconform.config import OPTIONS_PLACES, WORKER_PLACEHOLDERS
from logconform.lab.brokers import Broker
from logconform.lab.pools import options_of

INCLUDES = ("logconform.lab.oracle", "logconform.lab.probes")
"""What every worker under test loads: the witness, and the tasks that it is sent."""
OPTIONS_VARIABLE = "LOGCONFORM_WORKER_OPTIONS"
"""Holds the options of `celery worker`, quoted for a shell: for a script that takes no arguments."""
_NAMED = re.compile(r"(?<!\$)\{(" + "|".join(WORKER_PLACEHOLDERS) + r")\}")


def worker_command(
    app: str,
    *,
    pool: str,
    concurrency: int,
    broker: Broker,
    includes: Iterable[str],
    loglevel: str = "INFO",
    extra: Iterable[str] = (),
) -> list[str]:
    """Return the command of a Celery worker for *app*, quiet at the start and without talk to other workers.

    The addresses stand on the command line, credentials included, as they often do in production; those of
    `Broker.env` say the same, for a command of the service's own.
    """
    name = f"logconform-{uuid.uuid4().hex[:8]}@%h"
    addresses = ["--broker", broker.url, "--result-backend", broker.result_url]
    chosen = [*options_of(pool), "--concurrency", str(concurrency), "--loglevel", loglevel, "--hostname", name]
    silent = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    modules = ",".join(includes)
    included = ["--include", modules] if modules else []
    # -P, as the script `celery` has it: whether the folder of the call is importable is for its environment to say.
    celery = [sys.executable, "-P", "-m", "celery", "--quiet", "--app", app]
    return [*celery, *addresses, "worker", *chosen, *silent, *included, *extra]


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
