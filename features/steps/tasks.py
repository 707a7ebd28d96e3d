"""Steps that send tasks. The more particular a text is, the earlier it stands: the first that matches is taken."""

from __future__ import annotations

import tempfile
import uuid

from logconform.config import Task
from logconform.lab.evidence import Sent
from logconform.lab.stage import Stage
from logconform.lab.vocabulary import keyword_arguments, stimulus
from logconform.lab.worker import nonce

RETURNS = {
    "nothing": None,
    "zero": 0,
    "false": False,
    "an empty text": "",
    "an empty list": [],
    "a text": "done",
}
IDENTIFIERS = {
    "the number 42": 42,
    "the number 0": 0,
    "a UUID": uuid.UUID(int=5),
    "a number in text": "0",
}
ARGUMENTS = {
    "a tenant that is a mapping": {"tenant_id": {"a": [1, {"b": None}]}},
    "a tenant that is a list": {"tenant_id": [1, "two"]},
    "a tenant that is a very long text": {"tenant_id": "t" * 100_000},
    "a tenant that is no Unicode": {"tenant_id": "half \ud800 a pair"},
    "a tenant that is a flag": {"tenant_id": True},
    "names that a record has": {
        "tenant_id": "acme",  # a service may refuse a task without one; that is no fault of its log
        "task_id": "forged",
        "operation": "forged operation",
        "event": "forged",
        "level": "forged",
        "timestamp": "forged",
        "logger": "forged",
        "service": "forged",
    },
}


@stimulus('a task for tenant "{tenant}" and user "{user}" {ends}')
def for_tenant(stage: Stage, tenant: str, user: str, ends: str) -> None:
    stage.end("task", ends, tenant_id=f"{tenant}-{nonce()}", user_id=f"{user}-{nonce()}")


@stimulus("a task for a tenant {ends}, and then one without a tenant runs")
def then_without_tenant(stage: Stage, ends: str) -> None:
    stage.end("first", ends, tenant_id=f"acme-{nonce()}", user_id=f"ada-{nonce()}")
    outside = nonce()
    stage.run("second", "end", outside=outside, facts={"outside": outside})


@stimulus("a task for a tenant runs, and then one is called with {argument}")
def called_with(stage: Stage, argument: str) -> None:
    stage.end("before", "succeeds", tenant_id=f"acme-{nonce()}")
    stage.run("task", "end", **ARGUMENTS[argument])


@stimulus("a task is run in-process for a tenant that is {value}")
def in_process_with(stage: Stage, value: str) -> None:
    inner = nonce()
    stage.run("outer", "odd_identifier", tenant_id=f"acme-{nonce()}", inner_probe=inner, value=value)
    stage.adopt("inner", Sent(inner, inner, "logconform.probe.end"))


@stimulus("a task for a tenant runs another in-process for {whom}, which {ends}")
def nested(stage: Stage, whom: str, ends: str) -> None:
    inner = nonce()
    own = {"tenant_id": f"globex-{nonce()}"} if whom == "another tenant" else {}
    stage.run(
        "outer",
        "nested",
        tenant_id=f"acme-{nonce()}",
        user_id=f"ada-{nonce()}",
        inner_probe=inner,
        inner_how=ends,
        inner_tenant_id=own.get("tenant_id"),
    )
    stage.adopt("inner", Sent(inner, inner, "logconform.probe.end", own))


@stimulus("a task is called with a tenant and a user that are None")
def tenant_none(stage: Stage) -> None:
    stage.run("task", "end", tenant_id=None, user_id=None)


@stimulus("a task is called with a plain tenant, and then one with {identifier}")
def tenant_identifier(stage: Stage, identifier: str) -> None:
    stage.run("plain", "end", tenant_id=f"acme-{nonce()}")
    stage.run("task", "end", tenant_id=IDENTIFIERS[identifier])


@stimulus("a task is called with a plain user, and then one with {identifier}")
def user_identifier(stage: Stage, identifier: str) -> None:
    stage.run("plain", "end", user_id=f"ada-{nonce()}")
    stage.run("task", "end", user_id=IDENTIFIERS[identifier])


@stimulus("a task for a tenant speaks inside and outside nested log_context blocks")
def contexts(stage: Stage) -> None:
    stage.run("task", "contexts", tenant_id=f"acme-{nonce()}")


@stimulus("a task takes its tenant and user by position")
def by_position(stage: Stage) -> None:
    tenant, user = f"acme-{nonce()}", f"ada-{nonce()}"
    stage.run("task", "positional", args=(tenant, user), facts={"tenant_id": tenant, "user_id": user})


@stimulus("four tasks for four tenants run at the same time")
def at_once(stage: Stage) -> None:
    folder = tempfile.mkdtemp(dir=stage.worker.folder)
    sent = [
        stage.probe("task", "meet", tenant_id=f"tenant{number}-{nonce()}", folder=folder, party=4)
        for number in range(4)
    ]
    stage.worker.wait_ended(sent, 20.0)


@stimulus("a task sends another")
def sends(stage: Stage) -> None:
    child, child_id = nonce(), str(uuid.uuid4())
    stage.run("sender", "send", child_probe=child, child_id=child_id, queue=stage.worker.queue)
    stage.worker.wait_ended([stage.adopt("child", Sent(child_id, child, "logconform.probe.end"))])


@stimulus("a task prints to standard output")
def prints(stage: Stage) -> None:
    stage.run("task", "prints")


@stimulus("a task logs fields named like those of its context")
def logs_members(stage: Stage) -> None:
    stage.run("task", "log_members", tenant_id=f"acme-{nonce()}")


@stimulus("a task logs an error that it handles")
def handles_error(stage: Stage) -> None:
    stage.end("task", "logs an error that it handles")


@stimulus("a task logs {value} as its event")
def logs_event(stage: Stage, value: str) -> None:
    stage.run("task", "log_event", value=value, facts={"value": value})


@stimulus("a task logs {value}")
def logs_value(stage: Stage, value: str) -> None:
    stage.run("task", "log_value", value=value, facts={"value": value})


@stimulus("a task calls a library that logs and warns")
def library(stage: Stage) -> None:
    stage.run("task", "third_party")


@stimulus("a task is called with {count:d} positional arguments")
def positional_count(stage: Stage, count: int) -> None:
    stage.run("task", "end", args=tuple(range(count)), tenant_id=f"acme-{nonce()}", colour="red")


@stimulus("a task is called with telling arguments")
def telling_arguments(stage: Stage) -> None:
    told = [nonce() for _ in range(4)]
    stage.run(
        "task",
        "end",
        args=(told[0], {"inside": [told[1]]}),
        email=told[2],
        nested={"deep": {"deeper": told[3]}},
        tenant_id=f"acme-{nonce()}",
        facts={"values": told},
    )


@stimulus("a task returns a telling text")
def returns_telling_text(stage: Stage) -> None:
    told = nonce()
    stage.run("task", "end", returns=f"result {told}", facts={"returns": told})


@stimulus("a task returns {value}")
def returns(stage: Stage, value: str) -> None:
    stage.run("task", "end", returns=RETURNS[value], facts={"returns": RETURNS[value]})


@stimulus("a task has a secret in {place}")
def has_secret(stage: Stage, place: str) -> None:
    canary = f"canary{nonce()}"
    stage.run(
        "task",
        "secrets",
        place=place,
        verification_token=canary,
        account={"password": canary, "name": "ada"},
        facts={"canary": canary},
    )


@stimulus('the service\'s task "{name}" runs with {kwargs}')
def service_task(stage: Stage, name: str, kwargs: str) -> None:
    stage.run_own("task", Task(name, keyword_arguments(kwargs)))


@stimulus('the service\'s own "{kind}" task runs')
def own_task(stage: Stage, kind: str) -> None:
    stage.own("task", kind)


@stimulus("the service's own task runs")
def any_own_task(stage: Stage) -> None:
    kinds = list(stage.own_tasks) or ["progress"]
    stage.own("task", kinds[0])


@stimulus("a task says something through each way of logging")
def every_way(stage: Stage) -> None:
    stage.run("task", "every_way")


@stimulus("a task speaks at every level, by itself and as a library")
def every_level(stage: Stage) -> None:
    stage.run("task", "levels")


@stimulus("four tasks write {records:d} records of {kilobytes:d} kB each, at the same time")
def flood(stage: Stage, records: int, kilobytes: int) -> None:
    _flood(stage, records, [kilobytes * 1_000])


@stimulus("four tasks write records of 5 to 200 kB at the same time")
def flood_with_long_ones(stage: Stage) -> None:
    _flood(stage, 12, [5_000, 70_000, 20_000, 200_000])


def _flood(stage: Stage, records: int, sizes: list[int]) -> None:
    facts = {"records": records}
    sent = [stage.probe("task", "flood", records=records, sizes=sizes, facts=facts) for _ in range(4)]
    stage.worker.wait_ended(sent, 30.0)


@stimulus("{count:d} tasks succeed")
def many_succeed(stage: Stage, count: int) -> None:
    for _ in range(count):
        stage.run("task", "end")


@stimulus("a task {ends}")
def ends(stage: Stage, ends: str) -> None:
    stage.end("task", ends)
