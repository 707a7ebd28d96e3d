"""The Dask engine: the blocks of a sample are judged by the workers of a Dask cluster."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from logconform.check.sources import Unreadable
from logconform.check.work import Done, PoolBroken, Work, do_anywhere

if TYPE_CHECKING:
    from logconform.check.engine import Pool, Result

CONNECT_SECONDS = 15
"""How long a scheduler is waited for."""
_RETRIES = 3
"""So often a block is tried again after its worker was killed."""


def dask_pool(scheduler: str) -> Iterator[Pool]:
    """
    Yield the cluster of the scheduler at this address, such as `tcp://host:8786`.

    Raises:
        Unreadable: If Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise Unreadable("--engine dask needs Dask; install logconform[dask]") from None
    _quieten()
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise Unreadable(
            f"{scheduler}: no Dask scheduler answers there ({error}); start one (`dask scheduler`), or mend the address"
        ) from None
    try:
        yield _Cluster(client)
    finally:
        client.close(timeout=CONNECT_SECONDS)


def _quieten() -> None:
    """Keep Dask's own logs of lost workers and connections off standard error: what matters is told in one message."""
    for name in ["asyncio", *(name for name in logging.root.manager.loggerDict if name.startswith("distributed."))]:
        logging.getLogger(name).setLevel(logging.CRITICAL)


class _Cluster:
    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, work: Work) -> Result:
        future = self._client.submit(do_anywhere, work, os.getcwd(), pure=False, retries=_RETRIES)  # noqa: PTH109
        return _Answer(self._client, future, work)


class _Answer:
    """A Dask future, read as those of this machine's processes are."""

    def __init__(self, client: Any, future: Any, work: Work) -> None:
        self._client = client
        self._future = future
        self._work = work

    def result(self) -> Done:
        """
        Return what was done; a file that only this machine can read is judged here.

        Raises:
            PoolBroken: If the scheduler, or every worker, is gone.
        """
        try:
            return self._wait()
        except Unreadable:
            return do_anywhere(self._work, os.getcwd())  # noqa: PTH109
        except (CancelledError, OSError, _killed_worker()) as error:
            raise PoolBroken(
                f"the Dask cluster gave up on a part of the sample ({type(error).__name__}); "
                "see the logs of its scheduler and workers, and check again"
            ) from None
        finally:
            self._future.release()

    def _wait(self) -> Done:
        """Wait for as long as there are workers: Dask itself would wait for new ones without end."""
        while True:
            try:
                done: Done = self._future.result(timeout=CONNECT_SECONDS)
            except TimeoutError:
                if not self._client.scheduler_info()["workers"]:
                    raise PoolBroken(
                        "the Dask cluster has no workers left; start some (`dask worker`), and check again"
                    ) from None
                continue
            return done


def _killed_worker() -> type[Exception]:
    from distributed import KilledWorker

    killed: type[Exception] = KilledWorker
    return killed
