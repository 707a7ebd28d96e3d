"""Outcomes that the body of the task chooses: it returns, raises, or asks Celery for something."""

from __future__ import annotations

from tests.outcomes.outcome import COMES_BACK_SECONDS, Family, Outcome

ENDINGS = Family(
    "What the body does",
    "The task runs to an end that its own code chooses.",
    (
        Outcome("success", "Success", "The body returns.", lambda stage: stage.send("succeed")),
        Outcome("exception", "Exception", "The body raises an exception.", lambda stage: stage.send("fail")),
        Outcome(
            "throws",
            "Expected exception",
            "The body raises an exception that the task lists in `throws`.",
            lambda stage: stage.send("expected"),
        ),
        Outcome(
            "exception-group",
            "Exception group",
            "The body raises an `ExceptionGroup` of two exceptions.",
            lambda stage: stage.send("fail_group"),
        ),
        Outcome(
            "unpicklable-exception",
            "Exception that can't be pickled",
            "The body raises `TwoArgumentsError`, which can't be made anew from its text: its `__init__` wants two "
            "arguments.",
            lambda stage: stage.send("fail_unpicklable"),
        ),
        Outcome("ignore", "Ignore", "The body raises `celery.exceptions.Ignore`.", lambda stage: stage.send("ignore")),
        Outcome(
            "reject",
            "Reject",
            "The body raises `Reject(requeue=False)`; the task has `acks_late=True`, without which there is no message "
            "left to reject.",
            lambda stage: stage.send("reject", False),
        ),
        Outcome(
            "reject-requeue",
            "Reject, back to the queue",
            "With `acks_late=True` again, the body raises `Reject(requeue=True)` the first time, and returns the "
            "second.",
            lambda stage: stage.send("reject", True),
            patience=COMES_BACK_SECONDS,
        ),
        Outcome(
            "reject-requeue-acked",
            "Reject, back to the queue, without `acks_late`",
            "The body raises `Reject(requeue=True)`, but the message was acknowledged when the task started.",
            lambda stage: stage.send("reject_acked"),
            patience=COMES_BACK_SECONDS,
        ),
        Outcome(
            "hook-raises",
            "`on_failure` raises",
            "The body raises, and then the task's own `on_failure` raises a `LookupError`.",
            lambda stage: stage.send("fail_in_hook"),
            alone=True,
        ),
    ),
)

RETRIES = Family(
    "Retries",
    "The task asks to be run again. Here it may be retried once, without delay (`max_retries=1`, `countdown=0`).",
    (
        Outcome(
            "retry",
            "Retry",
            "The first execution raises `self.retry()`, the second returns.",
            lambda stage: stage.send("retry", 1),
        ),
        Outcome(
            "autoretry",
            "Retry by `autoretry_for`",
            "The first execution raises `OutcomeError`, which is listed in `autoretry_for`; the second returns.",
            lambda stage: stage.send("autoretry", 1),
        ),
        Outcome(
            "exhausted",
            "Retries exhausted",
            "Both executions catch an `OutcomeError` and raise `self.retry()`, without `exc`.",
            lambda stage: stage.send("retry", 2),
        ),
        Outcome(
            "exhausted-exc",
            "Retries exhausted, with `exc`",
            "Both executions catch an `OutcomeError` and raise `self.retry(exc=error)`.",
            lambda stage: stage.send("retry", 2, True),
        ),
        Outcome(
            "exhausted-autoretry",
            "Retries exhausted, by `autoretry_for`",
            "Both executions raise `OutcomeError`, which is listed in `autoretry_for`.",
            lambda stage: stage.send("autoretry", 2),
        ),
    ),
)
