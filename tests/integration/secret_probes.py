"""Tasks that put a secret wherever a task can put one; loaded into the reference worker with `--include`."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from reference_worker.celery_app import app
from reference_worker.logging import get_logger
from tests.integration.secret_places import GIVEN, SAID_ITSELF, secret_of

logger = get_logger(__name__)


@app.task(name="secret.say")
def say(place: str) -> Any:
    """Put the secret of *place* there."""
    logger.info("Planted", place=place)
    return SAID_ITSELF[place](secret_of(place))


@app.task(name="secret.use", bind=True, max_retries=1)
def use(self: Any, place: str, password: str) -> Any:
    """Do with *password* what *place* says."""
    logger.info("Planted", place=place)
    return GIVEN[place](password)


@app.task(name="secret.show")
def show(api_key: Any, **rest: Any) -> None:
    """Show all that was given in a text, a field and an exception."""
    logger.info("Planted", place=rest.pop("place"))
    logger.info("Shown", text=f"{api_key} {rest}", rest=rest)
    print(api_key)
    raise ValueError(f"cannot use {api_key!r} with {rest!r}", rest)


@app.task(name="secret.die")
def die(place: str, password: str) -> None:
    """Be killed."""
    logger.info("Planted", place=place)
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="secret.overrun", time_limit=1)
def overrun(place: str, password: str) -> None:
    """Run into the hard time limit."""
    logger.info("Planted", place=place)
    time.sleep(5)
