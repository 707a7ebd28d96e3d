"""Records of one worker that name different services."""

from __future__ import annotations

from logconform.records import Record
from logconform.rules.base import Outcomes, StreamRule


class ServiceChanges(StreamRule):
    """
    The records of one worker carry different values of `service`.

    **Known limits:** a production sample may hold several workers; only a stream known to be one worker's is judged.
    """

    requirement = "FMT005"
    fix = "Set `service` once, where logging is configured."

    def __init__(self) -> None:
        self._first: str | None = None

    def see(self, record: Record) -> Outcomes:
        service = record.get("service")
        if not isinstance(service, str) or not service:
            return
        if self._first is None:
            self._first = service
        if service != self._first:
            yield self.finding(f"service is {service!r}; this worker's records began with {self._first!r}", record)
