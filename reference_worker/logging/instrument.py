"""The one call that needs Celery: whoever only logs can do without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from celery import Celery

App = TypeVar("App", bound="Celery")


def instrument(app: App) -> App:
    """Write the lifecycle records of the tasks that this process runs, and return *app*.

    Celery's signals are global: calling it for one app serves all apps of the
    process, and calling it again changes nothing.

    Raises:
        ImportError: If Celery cannot be imported.

    >>> from celery import Celery
    >>> app = Celery("billing", set_as_current=False)
    >>> instrument(app) is app
    True
    """
    try:
        from reference_worker.logging.signals import connect_handlers
    except ImportError as missing:
        raise ImportError(
            f"instrument() needs Celery, which cannot be imported ({missing}): python -m pip install celery. "
            "Everything else in reference_worker.logging works without it.",
            name=missing.name,
        ) from missing
    connect_handlers()
    return app
