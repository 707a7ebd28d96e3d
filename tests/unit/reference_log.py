"""The reference worker's pipeline with a sink that a test can read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from reference_worker.logging.context import clear_context
from reference_worker.logging.pipeline import pipeline
from reference_worker.logging.structured import configure_structlog

LIFECYCLE = "reference_worker.logging.lifecycle"


class Kept:
    """A sink that keeps the records as a reader of the log gets them."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def write(self, _record: dict[str, Any], line: bytes, /) -> None:
        """Keep one record."""
        self.records.append(json.loads(line))

    def lifecycle(self, *fields: str) -> list[tuple[Any, ...]]:
        """Return the event and *fields* of each lifecycle record, None for what is absent."""
        return [(r["event"], *(r.get(f) for f in fields)) for r in self.records if r["logger"] == LIFECYCLE]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Send all records, from level info on, to a `Kept`."""
    sink = Kept()
    monkeypatch.setattr(pipeline, "sinks", (sink,))
    monkeypatch.setattr(pipeline, "threshold", logging.INFO)
    configure_structlog(logging.INFO)
    clear_context()
    yield sink
    clear_context()
    structlog.reset_defaults()
