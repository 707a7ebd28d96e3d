"""Steps about tasks that are revoked, or come too late."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from logconform.lab.audits import ending
from logconform.lab.evidence import Sent
from logconform.lab.stage import Stage
from logconform.lab.vocabulary import question, stimulus
from logconform.lab.worker import nonce

SOON, LONG_AGO = timedelta(seconds=1), timedelta(hours=-1)


@stimulus("a task for a tenant is revoked before it starts")
def revoked_before(stage: Stage) -> None:
    task_id, probe, tenant = str(uuid.uuid4()), nonce(), f"acme-{nonce()}"
    stage.command(task_id)
    kwargs = {"probe": probe, "tenant_id": tenant}
    stage.worker.send("logconform.probe.end", kwargs=kwargs, task_id=task_id)
    stage.worker.wait_ended([stage.adopt("task", Sent(task_id, probe, "logconform.probe.end", {"tenant_id": tenant}))])


@stimulus("a task for a tenant is revoked while it waits for its time")
def revoked_waiting(stage: Stage) -> None:
    sent = stage.probe("task", "end", tenant_id=f"acme-{nonce()}", options={"eta": datetime.now(UTC) + SOON})
    truth = stage.worker.truth
    stage.worker.wait(
        lambda: any(event["task_id"] == sent.task_id for event in truth.of_kind("received")), "a task to be received"
    )
    stage.revoke(sent)  # Celery says so when its time has come


@stimulus("a task for a tenant has expired when it is received")
def expired(stage: Stage) -> None:
    stage.run("task", "end", tenant_id=f"acme-{nonce()}", options={"expires": datetime.now(UTC) + LONG_AGO})


@stimulus("a task for a tenant is revoked while it runs, by {signal}")
def revoked_running(stage: Stage, signal: str) -> None:
    stage.need_children("only a child of the worker can be ended for one task")
    stage.need_commands()  # or the task would go on
    sent = stage.begin("task", "goes on and on", tenant_id=f"acme-{nonce()}")
    stage.revoke(sent, terminate=True, signal=signal)


question("one record tells that it was revoked, and how")(ending.revocation_is_told)
question("each delivery has its own start, and the task one ending")(ending.each_delivery_starts)
question("every execution that starts has an ending")(ending.every_start_ends)
