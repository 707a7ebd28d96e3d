"""Writes a record for each line of a text, and takes members out of lines that are JSON (FMT014)."""

from __future__ import annotations

import json
from typing import Any

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT014"


class SplitsOnNewlines(Lines):
    """The fault."""

    def encode(self, members: dict[str, Any]) -> str:
        """Split the first field that has several lines."""
        for name, value in members.items():
            if name not in {"error", "exception"} and isinstance(value, str) and "\n" in value and len(value) < 10_000:
                return "\n".join(self.part(members, name, line) for line in value.split("\n"))
        return super().encode(members)

    def part(self, members: dict[str, Any], name: str, line: str) -> str:
        """Return the record of one line, with the members that it holds."""
        try:
            held = json.loads(line)
        except ValueError:
            held = {}
        held = held if isinstance(held, dict) else {}
        return super().encode({**members, name: line or "-", **{k: v for k, v in held.items() if k not in members}})


app = Celery("splits_on_newlines")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("splits-on-newlines", SplitsOnNewlines())
worker.instrument()
