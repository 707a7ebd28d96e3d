"""Writes `exception` twice in a record, the short form first (FMT002)."""

from __future__ import annotations

import json
from typing import Any

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT002"


class WritesExceptionTwice(Lines):
    """The fault."""

    def encode(self, members: dict[str, Any]) -> str:
        """Add the short form under the same name."""
        short = f'"exception": {self.dumps_value(members.get("error"))}, "exception": '
        return super().encode(members).replace('"exception": ', short, 1)

    def dumps_value(self, value: Any) -> str:
        """Return JSON."""
        return json.dumps(str(value)[:200])


app = Celery("writes_exception_twice")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("writes-exception-twice", WritesExceptionTwice())
worker.instrument()
