"""Puts the process id into the service's name, so that main process and children differ (FMT005)."""

from __future__ import annotations

import os

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "FMT005"


class LocalServiceNames(StdlibWorker):
    """The fault."""

    def service_name(self) -> str:
        """Return a name of this process's own."""
        return f"{self.service}-{os.getpid()}"


app = Celery("local_service_names")
app.conf.broker_connection_retry_on_startup = True
worker = LocalServiceNames("local-service-names")
worker.instrument()
