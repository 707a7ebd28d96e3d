"""A task that is ignored starts, and never ends (LIFE004)."""

from __future__ import annotations

from typing import Any

from celery import Celery

from tests.implementations._stdlib_worker import StdlibWorker

VIOLATES = "LIFE004"


class SilentOnIgnore(StdlibWorker):
    """The fault."""

    def on_task_postrun(self, task_id: Any, task: Any, retval: Any = None, state: Any = None, **_: Any) -> None:
        """Hide that the task was ignored."""
        super().on_task_postrun(task_id, task, retval, "HIDDEN" if state == "IGNORED" else state)


app = Celery("no_end_of_ignored_tasks")
app.conf.broker_connection_retry_on_startup = True
worker = SilentOnIgnore("no-end-of-ignored-tasks")
worker.instrument()
adapter = worker.adapter
