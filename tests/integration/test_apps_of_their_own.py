"""The lab on apps that talk to their broker, limit their tasks and call them in ways of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from logconform.lab.brokers import Broker
from logconform.lab.selection import short_id
from logconform.lab.subject import Setup, Subject, SubjectError
from logconform.lab.worker import Worker
from tests.integration.test_any_app import ROOT, SHOP, START_AND_SHUTDOWN, run

RETRIED = "A task uses up its retries, and its retries are counted"
OWN_SERIALIZER = """
import json
from kombu.serialization import register

register("shop", json.dumps, json.loads, content_type="application/x-shop", content_encoding="utf-8")
app.conf.update(task_serializer="shop", accept_content=[{}])
"""
PREFIXED = """
app.conf.broker_transport_options = app.conf.result_backend_transport_options = {"global_keyprefix": "shop:"}
"""
IN_YAML = 'app.conf.update(task_serializer="yaml", accept_content=["yaml"])\n'
CHORD = short_id("START001", "Tasks run as a chord, and each is announced")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for a small service."""
    folder = tmp_path / "service"
    folder.mkdir()
    (tmp_path / "tmp").mkdir()
    return folder


@pytest.mark.parametrize(
    ("conf", "only"),
    [
        (OWN_SERIALIZER.format('"shop", "application/json"'), START_AND_SHUTDOWN),
        (PREFIXED, START_AND_SHUTDOWN),
        (PREFIXED, CHORD),
    ],
)
def test_tasks_are_sent_as_the_service_reads_them(conf: str, only: str, home: Path) -> None:
    """By a serializer that both have, and under the names of the queues that the app's transport options make."""
    (home / "shop.py").write_text(SHOP + conf, "utf-8")
    outcome = run(home, "--only", only, "--pool", "solo")
    assert (outcome.code, outcome.violated()) == (0, []), outcome.output
    assert outcome.report is not None
    assert [each["outcome"] for each in outcome.report["scenarios"]] == ["passed"]


def test_a_service_whose_tasks_the_lab_cannot_write_is_told(home: Path) -> None:
    """Its own serializer, or a signature by its own key, is nothing that the lab has: exit code 2, and a remedy."""
    (home / "shop.py").write_text(SHOP + OWN_SERIALIZER.format('"shop"'), "utf-8")
    outcome = run(home, "--only", START_AND_SHUTDOWN, "--pool", "solo")
    assert (outcome.code, outcome.report) == (2, None)
    assert "takes only tasks of the content type application/x-shop, and the lab writes json, pickle" in outcome.output
    assert "   = fix: have its accept_content hold json too" in outcome.output


def test_a_service_that_runs_on_another_pool_is_told(home: Path) -> None:
    """For Celery, an app's `worker_pool` goes before a prefork of the command line, and lacks what that has."""
    (home / "shop.py").write_text(f"{SHOP}app.conf.worker_pool = 'threads'\n", "utf-8")
    outcome = run(home, "--only", START_AND_SHUTDOWN, "--pool", "prefork")
    assert (outcome.code, outcome.report) == (2, None)
    assert "runs its tasks on the pool threads, and not on prefork" in outcome.output
    assert "   = fix: run with --pool threads" in outcome.output


@pytest.mark.parametrize("limit", ["app.conf.task_default_rate_limit = ", "app.conf.task_annotations = "])
def test_limits_of_a_services_tasks_are_not_the_probes(limit: str, home: Path) -> None:
    """Six tasks a minute would take longer than the lab waits, and fewer retries change what it counts."""
    value = "'6/m'" if "default" in limit else "{'*': {'rate_limit': '6/m', 'max_retries': 1}}"
    (home / "shop.py").write_text(f"{SHOP}{limit}{value}\n", "utf-8")
    outcome = run(home, "--only", short_id("RETRY002", RETRIED), "--pool", "solo")
    assert (outcome.code, outcome.violated()) == (0, []), outcome.output


def test_what_a_serializer_cannot_carry_is_not_tested(home: Path) -> None:
    """YAML has no signatures, so that no chord can be sent."""
    (home / "shop.py").write_text(SHOP + IN_YAML, "utf-8")
    outcome = run(home, "--only", CHORD, "--pool", "solo")
    assert outcome.code == 3, outcome.output
    assert outcome.report is not None
    [scenario] = outcome.report["scenarios"]
    assert (scenario["outcome"], scenario["reason"][:46]) == (
        "not_tested",
        "the worker's serializer, yaml, can't carry thi",
    )


def of_class(call: str) -> str:
    made = f"class Own(Task):\n    def __call__(self, {call}\n\n\n"
    imported = SHOP.replace("import Celery\n", "import Celery, Task\n").replace("app = ", f"{made}app = ", 1)
    return imported.replace('Celery("shop")', 'Celery("shop", task_cls=Own)')


@pytest.mark.parametrize("requirement", ["FMT010", "CTX013"])
def test_a_task_class_that_refuses_the_probes_is_not_accused(requirement: str, home: Path) -> None:
    """No value that was logged ended the task, and no binding: the task class refuses what it does not know."""
    (home / "shop.py").write_text(of_class("*, number): return self.run(number)"), "utf-8")
    outcome = run(home, "--only", requirement, "--pool", "solo")
    assert (outcome.code, outcome.violated()) == (3, []), outcome.output
    assert outcome.report is not None
    assert {each["outcome"] for each in outcome.report["scenarios"]} == {"inconclusive"}
    reasons = {each["reason"] for each in outcome.report["scenarios"]}
    assert all(each.startswith("the service's own code ended logconform.probe.") for each in reasons)


def test_a_task_class_may_require_a_tenant(home: Path) -> None:
    """Where binding is tried with odd arguments, they have one."""
    (home / "shop.py").write_text(of_class("*, tenant_id, **more): return self.run(tenant_id=tenant_id, **more)"))
    outcome = run(home, "--only", "CTX013", "--pool", "solo")
    assert (outcome.code, outcome.violated()) == (0, []), outcome.output


def test_a_worker_without_remote_control_revokes_nothing(home: Path) -> None:
    """No task is begun that nothing could end, and that the next scenario would wait for."""
    (home / "shop.py").write_text(f"{SHOP}app.conf.worker_enable_remote_control = False\n", "utf-8")
    outcome = run(home, "--only", "LIFE002", "--pool", "prefork")
    assert (outcome.code, outcome.violated()) == (0, []), outcome.output
    assert outcome.report is not None
    outcomes = [(each["outcome"], each["reason"]) for each in outcome.report["scenarios"]]
    assert outcomes.count(("not_tested", "the worker does not take remote control commands")) == 4
    assert {each for each, _ in outcomes} == {"not_tested", "passed"}


def test_a_service_that_allows_no_further_queue_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a broker that others use, the lab's worker needs a queue of its own; Celery refuses to make it."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (home / "shop.py").write_text(f"{SHOP}app.conf.task_create_missing_queues = False\n", "utf-8")
    broker = Broker("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/1", "redis://127.0.0.1:1", shared=True)
    with pytest.raises(SubjectError, match="\n   = fix: take a broker that the lab starts, --broker embedded: "):
        Worker(Subject("shop:app", home), "solo", Setup(), broker, tmp_path).start()
