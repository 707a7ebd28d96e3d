"""Celery's filesystem transport and result backend, without their races.

Kombu creates a message under its final name and fills it afterwards: a reader that comes in between takes half a
message away, and its worker ends with a JSONDecodeError. The same holds for the table of an exchange, whose second
creator can also wipe the first one's binding, and for the results. Here everything gets its name when it is whole.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from time import monotonic_ns
from typing import Any

import kombu.transport
from celery.backends.filesystem import FilesystemBackend
from kombu.exceptions import ChannelError
from kombu.transport import filesystem, virtual
from kombu.utils.encoding import ensure_bytes
from kombu.utils.json import dumps

FOLDER_VARIABLE = "LOGCONFORM_FILESYSTEM_BROKER"
"""Names the folder of the broker; where it is set, it wins over the options of the connection."""

POLLING_SECONDS = 0.05


def install() -> None:
    """Let `filesystem://` mean this module's transport, in this process, for connections made from now on."""
    kombu.transport.TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
    kombu.transport._transport_cache.pop("filesystem", None)


def prepare(folder: Path) -> dict[str, Any]:
    """Create the broker's folders below *folder*, and return the options of a connection to it."""
    options = options_of(folder)
    for path in {value for name, value in options.items() if name.endswith(("_folder", "_folder_in", "_folder_out"))}:
        Path(path).mkdir(parents=True, exist_ok=True)
    _results(folder).mkdir(exist_ok=True)
    return options


def options_of(folder: Path) -> dict[str, Any]:
    """Return the transport options of a broker in *folder*.

    Messages are taken by renaming them into the `taken` folder, on the same file system: moving them to the system's
    temporary folder, as kombu does by default, is a copy where that is another one, and then two readers can take one
    message.
    """
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "exchanges"),
        "processed_folder": str(folder / "taken"),
        "store_processed": True,
        "polling_interval": POLLING_SECONDS,
    }


def result_url(folder: Path) -> str:
    """Return the address of a result backend in *folder*; Celery finds the class by the part before the `+`."""
    return f"{__name__}:ResultBackend+file://{_results(folder)}"


class Channel(filesystem.Channel):
    """A channel whose messages and exchange tables appear whole."""

    @property
    def transport_options(self) -> dict[str, Any]:
        """The connection's options, under those of the environment."""
        return _effective_options(super().transport_options)

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]  # as kombu's own, it takes more
        # Nanoseconds, padded, instead of kombu's milliseconds: names in sorted order are messages in sent order.
        name = f"{monotonic_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        try:
            write_whole(Path(self.data_folder_out, name), dumps(payload).encode())  # type: ignore[no-untyped-call]
        except OSError as error:
            raise ChannelError(f"Cannot add file {name!r} to directory") from error

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        # With an (empty) table in place, the inherited method only ever updates one, which it does under a lock.
        table: Path = self._exchange_file(exchange)  # type: ignore[no-untyped-call]
        if not table.exists():
            write_whole(table, b"[]", replace=False)
        super()._queue_bind(exchange, routing_key, pattern, queue)  # type: ignore[no-untyped-call]


class Transport(filesystem.Transport):
    """The transport behind `filesystem://` after `install`."""

    Channel = Channel

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)  # type: ignore[no-untyped-call]
        # Kombu shares it between all connections of a process: the second one to bind a queue would not wait for the
        # first one's table to be written, and its messages would go nowhere until then.
        self.state = virtual.BrokerState()  # type: ignore[no-untyped-call]
        self.polling_interval = _effective_options(client.transport_options).get("polling_interval", POLLING_SECONDS)


class ResultBackend(FilesystemBackend):  # type: ignore[misc]  # celery ships no types
    """Celery's results in files, each of which appears whole."""

    def set(self, key: bytes, value: bytes | str) -> None:
        """Store *value* under *key*."""
        write_whole(Path(os.fsdecode(self._filename(key))), ensure_bytes(value))  # type: ignore[no-untyped-call]


def write_whole(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Let *path* appear with all of *content* at once. Without *replace*, a file that is there already stays.

    The temporary name is one that no reader looks for: kombu takes `<time>_<id>.<queue>.msg` and `<name>.exchange`.
    """
    temporary = path.with_name(f".{uuid.uuid4()}.tmp")
    try:
        temporary.write_bytes(content)
        if replace:
            temporary.rename(path)
            return
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)


def _results(folder: Path) -> Path:
    return folder / "results"


def _effective_options(given: dict[str, Any]) -> dict[str, Any]:
    folder = os.environ.get(FOLDER_VARIABLE)
    return {**given, **options_of(Path(folder))} if folder else dict(given)
