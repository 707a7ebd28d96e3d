"""
The log stream of a worker whose children are spawned: `--pool-start-method spawn`, and the default of macOS.

A spawned child is a fresh interpreter. Its descriptor 1 is its parent's, which
leads into the parent's memory (`stream`): what the child took for the log
stream would come out as text that the parent had printed. So the real one is
passed on with what billiard pickles for the child, before anything of the
service is imported there.
"""

from __future__ import annotations

import os
from typing import Any

from billiard import current_process
from billiard.context import get_spawning_popen
from billiard.reduction import DupFd

from reference_worker.logging.stream import inherit_log_stream, log_stream


class LogStream:
    """Stands for the log stream among the settings that a process hands to each child."""

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        descriptor = log_stream()
        passed_on = None if descriptor is None or get_spawning_popen() is None else DupFd(descriptor)
        return _arrived, (passed_on,)


def pass_on_log_stream() -> None:
    """Give the log stream to every child that this process spawns from now on; a forked one has it anyway.

    billiard would also let a child write text to standard error before its
    log is set up, at the level that Celery leaves in the environment.
    """
    os.environ.pop("_MP_FORK_LOGLEVEL_", None)
    current_process()._config["reference_worker_log_stream"] = LogStream()


def _arrived(passed_on: Any) -> LogStream:
    if passed_on is not None:
        inherit_log_stream(passed_on.detach())
    return LogStream()
