"""How the body of a probe ends: by returning, by an exception of some kind, or by none of its own doing."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from celery.exceptions import Ignore, Reject

from logconform.lab import values
from logconform.lab.voice import LOGGER, current_voice


class ProbeError(Exception):
    """What probes raise; the text names the probe."""


class ExpectedProbeError(ProbeError):
    """Raised by the task that declares it in `throws`."""


def _succeed(_task: Any, _probe: str, kwargs: dict[str, Any]) -> Any:
    return kwargs.get("returns")


def _succeed_late(*_: Any) -> None:
    time.sleep(0.4)  # so long that seconds and milliseconds are told apart


def _handle_error(_task: Any, probe: str, _kwargs: dict[str, Any]) -> None:
    try:
        raise ProbeError(f"handled in probe {probe}")
    except ProbeError:
        current_voice().get_logger(LOGGER).exception("Probe failed to work", probe=probe, point="handler", attempt=0)


def _raise(_task: Any, probe: str, _kwargs: dict[str, Any]) -> None:
    raise ValueError(f"raised by probe {probe}")


def _raise_beside_secret(_task: Any, probe: str, _kwargs: dict[str, Any]) -> None:
    held = probe[::-1]
    raise ValueError(f"raised beside {len(held)} letters by probe {probe}")


def _raise_custom(_task: Any, probe: str, _kwargs: dict[str, Any]) -> None:
    raise ProbeError(f"raised by probe {probe}")


def _raise_without_message(_task: Any, _probe: str, _kwargs: dict[str, Any]) -> None:
    raise TimeoutError


def _raise_from_cause(_task: Any, probe: str, _kwargs: dict[str, Any]) -> None:
    try:
        raise KeyError(f"cause of probe {probe}")
    except KeyError as cause:
        raise RuntimeError(f"effect of probe {probe}") from cause


def _raise_while_handling(_task: Any, probe: str, _kwargs: dict[str, Any]) -> None:
    try:
        raise KeyError(f"cause of probe {probe}")
    except KeyError:
        raise RuntimeError(f"effect of probe {probe}")  # noqa: B904 - the implicit context is the point


def _raise_group(_task: Any, probe: str, _kwargs: dict[str, Any]) -> None:
    members = [KeyError(f"cause of probe {probe}"), ValueError("another member")]
    raise ExceptionGroup(f"effect of probe {probe}", members)


def _raise_hostile(name: str) -> Any:
    def raise_it(_task: Any, probe: str, _kwargs: dict[str, Any]) -> None:
        raise values.EXCEPTIONS[name](probe)

    return raise_it


def _ignore(*_: Any) -> None:
    raise Ignore


def _reject(*_: Any) -> None:
    raise Reject("no longer wanted", requeue=False)


def _reject_once(task: Any, *_: Any) -> None:
    if not _is_redelivered(task):
        raise Reject("not yet", requeue=True)


def _exit(task: Any, *_: Any) -> None:
    if not _is_redelivered(task):
        sys.exit(3)


def _be_interrupted(task: Any, *_: Any) -> None:
    if not _is_redelivered(task):
        raise KeyboardInterrupt


def _be_killed(task: Any, *_: Any) -> None:
    if not _is_redelivered(task):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_redelivered(task: Any) -> bool:
    """Whether a service that rejects what a lost process ran (`task_reject_on_worker_lost`) got the task once more."""
    return bool((task.request.delivery_info or {}).get("redelivered"))


def _overrun(task: Any, *_: Any) -> None:
    deadline = time.monotonic() + 30.0  # the time limit comes after one
    while time.monotonic() < deadline and not _is_redelivered(task):
        time.sleep(0.02)


def _take_a_second(*_: Any) -> None:
    time.sleep(1.0)  # so long that the worker is told to stop meanwhile


ENDINGS = {
    "succeeds": _succeed,
    "takes its time and succeeds": _succeed_late,
    "logs an error that it handles": _handle_error,
    "raises an exception": _raise,
    "raises an exception of its own": _raise_custom,
    "raises an exception where a local variable holds a word": _raise_beside_secret,
    "raises an exception without a message": _raise_without_message,
    "raises from a cause": _raise_from_cause,
    "raises while handling another exception": _raise_while_handling,
    "raises an exception group": _raise_group,
    "is ignored": _ignore,
    "is rejected": _reject,
    "is rejected and delivered again": _reject_once,
    "takes a second": _take_a_second,
    "goes on and on": _overrun,
    "exits": _exit,
    "is interrupted": _be_interrupted,
    "is killed": _be_killed,
    "exceeds its soft time limit": _overrun,
    "exceeds its hard time limit": _overrun,
    **{f"raises an exception {name}": _raise_hostile(name) for name in values.EXCEPTIONS},
}
