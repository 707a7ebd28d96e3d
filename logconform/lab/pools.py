"""The execution pools that a worker can be run on, and what each can and can't do."""

from __future__ import annotations

from importlib.util import find_spec

POOLS = ("prefork", "prefork-spawn", "threads", "solo", "gevent")
"""`prefork-spawn` is prefork whose children are started anew instead of forked, as on macOS."""

_MODULES = {
    "celery.concurrency.prefork": "prefork",
    "celery.concurrency.thread": "threads",
    "celery.concurrency.solo": "solo",
    "celery.concurrency.gevent": "gevent",
}
_OPTIONS = {"prefork-spawn": ("--pool", "prefork", "--pool-start-method", "spawn")}


def options_of(pool: str) -> tuple[str, ...]:
    """Return the options of `celery worker` that choose *pool*.

    >>> options_of("threads"), options_of("prefork-spawn")[2:]
    (('--pool', 'threads'), ('--pool-start-method', 'spawn'))
    """
    return _OPTIONS.get(pool, ("--pool", pool))


def other_pool(pool: str, module: str) -> str | None:
    """
    Return the pool whose implementation a *module* is, where that is another than *pool*; None for one unheard of.

    >>> other_pool("prefork", "celery.concurrency.thread"), other_pool("prefork-spawn", "celery.concurrency.prefork")
    ('threads', None)
    """
    found = _MODULES.get(module)
    return None if found == pool.removesuffix("-spawn") else found


def has_children(pool: str) -> bool:
    """Whether tasks run in processes of their own, whose end the main process survives and reports."""
    return pool.startswith("prefork")


def lacking(pool: str) -> str | None:
    """Say what has to be installed before a worker of this environment runs on *pool*; None where nothing has."""
    if pool == "gevent" and find_spec("gevent") is None:
        return "the pool gevent needs gevent; install logconform[gevent]"
    return None
