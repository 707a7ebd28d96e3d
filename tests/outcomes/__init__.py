"""What Celery does for each way in which a task can end, on each pool: seen in real workers, kept as a page."""

CONFIG_VARIABLE = "OUTCOMES_CONFIG"
"""Settings of the worker's app, as JSON."""
EVENTS_VARIABLE = "OUTCOMES_EVENTS"
"""The file that the worker's recorder appends to."""
