"""SAFE001, SAFE002: no secret reaches standard output, standard error or the log file, wherever a task puts it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from kombu import Connection

from tests.integration.reference_process import ReferenceWorker, private_redis
from tests.integration.secret_places import GIVEN, SAID_ITSELF, SEED_VARIABLE, awkward, secret_of

SEED = uuid.uuid4().hex
POOLS = {"prefork": 3, "threads": 3}
KEY = "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n"

ENDS_BADLY = ("die", "overrun")


def as_number(secret: str) -> int:
    """Return a number that is as good as *secret*."""
    return int(secret[2:18], 16)


SHOWN: dict[str, Any] = {
    "positional": lambda secret: ((awkward(secret),), {}),
    "number": lambda secret: ((as_number(secret),), {}),
    "list": lambda secret: (([awkward(secret), {"n": secret}],), {}),
    "several lines": lambda secret: ((KEY.format(secret, secret[::-1]),), {}),
    "keyword": lambda secret: (("none",), {"X-Auth-Token": awkward(secret)}),
    "nested": lambda secret: (("none",), {"data": {"deep": [{"client-secret": awkward(secret), "user": "u"}]}}),
    "credentials": lambda secret: (("none",), {"credentials": {"user": "u", "code": awkward(secret)}}),
    "URL": lambda secret: (("none",), {"callback": f"https://user:{secret}@api.example/?token={secret}"}),
    "JSON": lambda secret: (("none",), {"body": '{"a": {"password": "' + secret + '"}}'}),
}
"""What `secret.show` is sent: positional and keyword arguments, as a secret makes them."""


@pytest.fixture(scope="module", params=list(POOLS))
def worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceWorker]:
    """A worker at level debug that was sent a secret to every place, and stopped."""
    pool: str = request.param
    folder = tmp_path_factory.mktemp(pool)
    (folder / "redis").mkdir()
    options = ("--pool", pool, "--concurrency", str(POOLS[pool]), "--loglevel", "debug", "--task-events")
    modules = ("--include", "tests.integration.secret_probes")
    with private_redis(folder / "redis") as redis:
        settings = {"WORKER_LOG_LEVEL": "debug", SEED_VARIABLE: SEED}
        started = ReferenceWorker(folder, redis.url(1), redis.url(0), *options, *modules, **settings)
        started.ids["password of the broker"] = redis.secret
        try:
            executions = send_everything(started, pool)
            started.wait_until(lambda: started.endings() >= executions, f"{executions} executions are over")
        finally:
            ending = started.stop()
    assert (ending.exit_code, ending.leftovers) == (0, ())
    return started


def send_everything(worker: ReferenceWorker, pool: str) -> int:
    """Send a secret to each place; return how many executions that makes."""
    for place in ENDS_BADLY if pool == "prefork" else ():  # first, as Celery notices a lost child late
        worker.send(place, f"secret.{place}", kwargs={"place": place, "password": awkward(secret_of(place, SEED))})
    for place in SAID_ITSELF:
        worker.send(place, "secret.say", kwargs={"place": place})
    for place in GIVEN:
        worker.send(place, "secret.use", kwargs={"place": place, "password": awkward(secret_of(place, SEED))})
    for place, arguments in SHOWN.items():
        args, kwargs = arguments(secret_of(place, SEED))
        worker.send(place, "secret.show", args, kwargs={"place": place, **kwargs})
    secret = awkward(secret_of("message", SEED))
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    worker.send("headers", "secret.say", kwargs={"place": "return_value"}, headers={"authorization": secret})
    worker.send("unregistered", "secret.unregistered", kwargs={"password": secret})
    worker.send("expired", "secret.say", kwargs={"place": "return_value", "password": secret}, expires=long_ago)
    send_no_tasks(worker.broker, secret)
    # Two retries run again, one task sends another and applies one; one has a secret header, and one is expired.
    return (len(worker.ids) - 2) + 2 + 2


def send_no_tasks(broker: str, secret: str) -> None:
    """Publish what no worker can take: broken JSON, no task, an odd moment, and a type that is not accepted."""
    headers = {"task": "secret.say", "id": "odd", "lang": "py"}
    json = {"content_type": "application/json", "content_encoding": "utf-8"}
    with Connection(broker) as connection, connection.Producer() as producer:
        publish = partial(producer.publish, routing_key="celery")
        publish(f'{{"password": "{secret}"', **json)
        publish({"password": secret, "args": [secret]})
        publish([[secret], {"place": "x", "token": secret}, {}], headers={**headers, "eta": f"token={secret}"})
        publish({"password": secret}, serializer="pickle", headers=headers)


def written(worker: ReferenceWorker) -> bytes:
    """Return all that is on the streams and in the log file."""
    return worker.out() + worker.err() + worker.log.read_bytes()


def test_every_place_was_reached(worker: ReferenceWorker) -> None:
    """A place that no secret reached proves nothing."""
    records = worker.records()
    planted = {record["place"] for record in records if record["event"] == "Planted"}
    assert planted == {*SAID_ITSELF, *GIVEN, *SHOWN} | set(ENDS_BADLY) & set(worker.ids)
    reported = {record["event"] for record in records if record["logger"].startswith("celery.worker.consumer")}
    assert reported >= {
        "Received unregistered task",
        "Message could not be decoded",
        "Received unknown message",
        "Received invalid task message",
    }
    assert "Task handed to the pool" in {record["event"] for record in records}


def test_no_secret_is_written(worker: ReferenceWorker) -> None:
    """SAFE001: in no spelling: no half of any secret is on a stream or in the file."""
    lines = written(worker).splitlines()
    leaked = {}
    for place in [*SAID_ITSELF, *GIVEN, *SHOWN, *ENDS_BADLY, "message"]:
        secret = secret_of(place, SEED)
        parts = [part.encode() for part in (secret[:12], secret[12:] + "aeiou", secret[::-1], str(as_number(secret)))]
        shown = [line for line in lines if any(part in line for part in parts)]
        if shown:
            leaked[place] = shown[0]
    assert leaked == {}


def test_the_password_of_the_broker_is_not_written(worker: ReferenceWorker) -> None:
    """SAFE002: neither at the start, nor where a task shows the settings."""
    assert b"redis://***@" in worker.out()
    assert worker.ids["password of the broker"].encode() not in written(worker)


def test_what_is_no_secret_is_written(worker: ReferenceWorker) -> None:
    """SAFE001: masking leaves the rest of a record readable."""
    (failed,) = [r for r in worker.of("exception_message") if r["event"] == "Task failed"]
    assert failed["error"] == "ValueError: refused: token=[redacted]"
    assert {r["kwargs_keys"][1] for r in worker.of("raised") if r["event"] == "Task starting"} == {"password"}
