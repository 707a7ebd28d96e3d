"""Redacts messages by a pattern that takes the square of their length: a huge one is never recorded (FAIL005)."""

from __future__ import annotations

import re

from celery import Celery

from tests.implementations._lines import Lines
from tests.implementations._stdlib_worker import StdlibWorker
from tests.implementations._values import text_of

VIOLATES = "FAIL005"
TOKEN = re.compile(r"[\w-]*token[\w-]*=\S+")


class HangsOnAHugeMessage(Lines):
    """The fault."""

    def error(self, error: BaseException) -> str:
        """Return type and message; the pattern tries each word from each of its letters on."""
        TOKEN.sub("[redacted]", text_of(error))
        return super().error(error)


app = Celery("hangs_on_a_huge_message")
app.conf.broker_connection_retry_on_startup = True
worker = StdlibWorker("hangs-on-a-huge-message", HangsOnAHugeMessage())
worker.instrument()
