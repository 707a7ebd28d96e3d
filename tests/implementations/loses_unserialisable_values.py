"""Loses a record when one of its fields is nothing that `json.dumps` knows (FMT010)."""

from __future__ import annotations

import json
from typing import Any

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT010"


class Naive(Lines):
    """Makes nothing of a value but what it is."""

    def plain(self, value: Any) -> Any:
        """Return what `json` makes of a value.

        Raises:
            TypeError: Where it makes nothing of it.
            ValueError: Likewise.
        """
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        return json.loads(text.encode())


class LosesUnserialisableValues(StdlibWorker):
    """The fault."""

    def unspeakable(self, error: Exception) -> str | None:
        """Say nothing."""
        return None


app = Celery("loses_unserialisable_values")
app.conf.broker_connection_retry_on_startup = True
worker = LosesUnserialisableValues("loses-unserialisable-values", Naive())
worker.instrument()
