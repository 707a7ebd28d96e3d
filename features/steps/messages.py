"""Steps about messages that no task can take."""

from __future__ import annotations

import uuid

from logconform.lab.audits import content
from logconform.lab.evidence import Sent
from logconform.lab.stage import Stage
from logconform.lab.vocabulary import question, stimulus
from logconform.lab.worker import nonce


@stimulus("the worker is sent a task that is not registered, between two tasks")
def unregistered(stage: Stage) -> None:
    canary, name = nonce(), f"unregistered.{nonce()}"
    stage.run("before", "end")
    task_id = stage.worker.send(name, (canary,), {"secret_thing": canary})
    stage.adopt(
        "message", Sent(task_id, canary, name, {"kind": "the unregistered task", "canary": canary, "names": name})
    )
    stage.run("after", "end")


@stimulus("the worker is sent a message that cannot be decoded, between two tasks")
def undecodable(stage: Stage) -> None:
    canary = nonce()
    stage.run("before", "end")
    task_id = str(uuid.uuid4())
    headers = {"id": task_id, "task": "logconform.probe.end", "lang": "py", "argsrepr": "()", "kwargsrepr": "{}"}
    stage.worker.send_raw(f'[[], {{"broken": "{canary}"'.encode(), headers)
    stage.adopt("message", Sent(task_id, canary, "(none)", {"kind": "the undecodable message", "canary": canary}))
    stage.run("after", "end")


question("an error tells of it without its body, and the worker goes on")(content.fault_is_reported)
