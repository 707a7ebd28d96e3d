"""The exercise: what is judged of any task, how long is waited, and what is said of it."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logconform.contract import load_contract
from logconform.findings import Finding, Verdict
from logconform.lab import exercise as exercise_module
from logconform.lab.any_task import (
    FILE_AUDITS,
    LIFECYCLE_AUDITS,
    STREAM_AUDITS,
    most_durations_agree,
    tasks_of,
    verdict_on,
)
from logconform.lab.brokers import Broker, BrokerUnavailable
from logconform.lab.evidence import Log, Seen
from logconform.lab.exercise import NOTHING_RAN, Account, Exercise, perform
from logconform.lab.exercise_outcome import Exercised
from logconform.lab.truth import Truth
from logconform.records import Place, read_line

ROOT = Path(__file__).parents[2]
NOWHERE = Broker("redis://b/0", "redis://b/1", "redis://b")
CALLED = {"args_count": 0, "kwargs_keys": [], "tenant_id": None, "user_id": None, "probe": None, "retries": 0}


def prerun(task_id: str, **facts: Any) -> dict[str, Any]:
    return {"kind": "prerun", "at": 1.0, "pid": 7, "task_id": task_id, "task": "shop.order", **CALLED, **facts}


def postrun(task_id: str, state: str = "SUCCESS") -> dict[str, Any]:
    return {"kind": "postrun", "at": 1.5, "pid": 7, "task_id": task_id, "state": state, "returned": True, "peak_mb": 9}


def received(task_id: str) -> dict[str, Any]:
    return {"kind": "received", "at": 1.0, "pid": 1, "task_id": task_id, "task": "shop.order"}


def truth_of(folder: Path, *events: dict[str, Any]) -> Truth:
    (folder / "oracle").write_text("".join(json.dumps(each) + "\n" for each in events), "utf-8")
    truth = Truth(folder / "oracle")
    truth.refresh()
    return truth


class WorkerOf:
    """Stands in for a worker: its truth, its queues, and whether it is gone."""

    pool = "prefork"
    queue = "celery"

    def __init__(self, folder: Path, truth: Truth, gone: str | None = None, waiting: int = 0) -> None:
        self.subject = SimpleNamespace(app="shop:app", cwd=folder)
        self.truth = truth
        self._gone = gone
        self._waiting = [waiting]

    def gone(self) -> str | None:
        return self._gone

    def waiting(self) -> int:
        return self._waiting.pop() if self._waiting else 0


def performed(folder: Path, command: str, *events: dict[str, Any], seconds: float = 60.0, **rest: Any) -> Account:
    worker: Any = WorkerOf(folder, truth_of(folder, *events), **rest)
    return perform(Exercise(command, seconds), worker, NOWHERE, folder)


# What is waited for


def test_a_command_finds_the_broker_in_its_environment(tmp_path: Path) -> None:
    """It runs in the folder of the service, by a shell; the end of its output is kept."""
    account = performed(tmp_path, 'echo "$LOGCONFORM_BROKER_URL $LOGCONFORM_QUEUE $LOGCONFORM_APP"; pwd; exit 3')
    assert (account.exit_code, account.failed, account.trouble) == (3, True, "the command exited with 3")
    assert account.output == ["redis://b/0 celery shop:app", str(tmp_path)]
    assert account.text() == f"exercise: the command exited with 3\n   | redis://b/0 celery shop:app\n   | {tmp_path}"


def test_a_command_that_runs_too_long_is_stopped(tmp_path: Path) -> None:
    """With all that it started, and with the option that gives it longer."""
    account = performed(tmp_path, "sleep 600 & sleep 600", seconds=0.3)
    assert account.trouble == "the command was stopped: it ran for 0.3 s; give it longer with --exercise-timeout"
    assert account.failed


def test_a_command_does_not_outlast_its_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may wait for results that will never come."""
    monkeypatch.setattr(exercise_module, "ORPHAN_SECONDS", 0.1)
    account = performed(tmp_path, "sleep 600", gone="the worker ended with exit code 1")
    assert account.stopped == "the worker ended with exit code 1 0.1 s before"
    assert account.gone == "the worker ended with exit code 1"


def test_what_is_not_over_in_time_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its task and where it got to."""
    monkeypatch.setattr(exercise_module, "SETTLE_SECONDS", 0.1)
    events = [prerun("a"), postrun("a"), prerun("b"), received("c"), prerun("d"), postrun("d", "RETRY")]
    account = performed(tmp_path, "true", *events, seconds=0.6)
    assert (account.tasks, account.executions) == (3, 3)
    assert account.trouble == (
        "not over in time: shop.order b (still running); shop.order c (received, and never started); "
        "shop.order d (ended in RETRY, and never ran again)"
    )


def test_messages_in_the_queue_are_waited_for(tmp_path: Path) -> None:
    """A worker is done only when it has nothing to do, and nothing waits for it."""
    account = performed(tmp_path, "true", prerun("a"), postrun("a"), waiting=2)
    assert (account.trouble, account.failed, account.much) == (None, False, "1 task in 1 execution")


def test_celerys_filesystem_broker_is_refused(tmp_path: Path) -> None:
    """A service's own script could not use it."""
    broker = Broker("filesystem://", "file:///", "embedded", way="filesystem", passed_over=("path: no redis-server",))
    worker: Any = WorkerOf(tmp_path, truth_of(tmp_path))
    with pytest.raises(BrokerUnavailable, match=r"path: no redis-server\n   = fix: install redis-server"):
        perform(Exercise("true"), worker, broker, tmp_path)


# What is judged


WRAPPED = {
    "most_durations_agree": "durations_agree",
    "failures_do_not_complete": "completes_nothing_else",
    "deliveries_start": "each_delivery_starts",
}
"""What a wrapper asks, of fewer tasks or with more patience."""


def questions() -> dict[str, set[Any]]:
    """Return the audits of each requirement, as the features ask for them."""
    asked: dict[str, set[Any]] = {}
    for path in sorted((ROOT / "features").glob("*.feature")):
        requirement = ""
        for line in path.read_text("utf-8").splitlines():
            requirement = found[1] if (found := re.match(r"\s+@(\w+)", line)) else requirement
            if words := re.match(r"\s+(?:Then|And) (.*)", line):
                asked.setdefault(requirement, set()).add(words[1])
    return asked


def test_the_audits_of_any_task_are_those_of_the_features() -> None:
    """Each decides the requirement that a scenario asks it about: one truth, in one place."""
    asked = questions()
    text = "".join(path.read_text("utf-8") for path in sorted((ROOT / "features" / "steps").glob("*.py")))
    defined = dict(re.findall(r"question\(\s*(?:'|\")(.*?)(?:'|\"),?\s*\)\(\s*\w+\.(\w+),?\s*\)", text))
    for requirement, audit in (*LIFECYCLE_AUDITS, *STREAM_AUDITS, *FILE_AUDITS):
        name = (audit.func if isinstance(audit, partial) else audit).__name__  # type: ignore[attr-defined]
        name = WRAPPED.get(name, name)
        patterns = [re.sub(r"{\w+}", ".*", step.replace("\\", "")) for step, known in defined.items() if known == name]
        steps = asked[requirement]
        assert any(re.fullmatch(pattern, step) for pattern in patterns for step in steps), (requirement, name)


def test_identifiers_that_a_log_may_hide_or_cut_are_not_compared(tmp_path: Path) -> None:
    """Only what has one text, and is no address."""
    values = {"a": ("str", "acme"), "b": ("int", "0"), "c": ("dict", "{}"), "d": ("str", "x" * 65), "e": ("str", "a@b")}
    events = [prerun(name, tenant_id={"type": kind, "text": text}) for name, (kind, text) in values.items()]
    sent = tasks_of(truth_of(tmp_path, *events, received("f")), without=["b"])
    assert {each.task_id: each.facts for each in sent} == {"a": {"tenant_id": "acme"}, "c": {}, "d": {}, "e": {}}


def test_a_fault_that_a_rule_saw_already_counts_once(tmp_path: Path) -> None:
    """The start of one task is missing, that of another too: the rule saw the first only."""
    record = b'{"event": "Task completed", "task_id": "a", "logger": "shop", "level": "info"}\n'
    verdict = Verdict()
    verdict.found(Finding("START001", "no start", Place("stdout", 1, 0), "a"))
    truth = truth_of(tmp_path, prerun("a"), postrun("a"), prerun("b"), postrun("b"))
    log = Log([read_line(record, Place("stdout", 1, 0))], verdict)
    made = verdict_on(Seen(log, truth, "prefork", {"task": tasks_of(truth, ())}))
    assert [each.task_id for each in made.findings if each.requirement == "START001"] == ["a", "b"]
    assert made.counts["START001"].violations == 2


@pytest.mark.parametrize(("wrong", "findings", "held"), [(0, 0, 4), (1, 0, 3), (2, 0, 2), (3, 3, 1), (4, 4, 0)])
def test_one_held_up_task_is_no_wrong_clock(wrong: int, findings: int, held: int, tmp_path: Path) -> None:
    """Durations speak against DONE006 where most of them disagree with the oracle's, but for a process's first."""
    names = "abcd"
    truth = truth_of(tmp_path, *(event for name in f"0{names}" for event in (prerun(name), postrun(name))))
    lines = [
        json.dumps({"event": "Task completed", "task_id": name, "duration_ms": 0.5 if number < wrong else 500})
        for number, name in enumerate(names)
    ]
    log = Log([read_line(f"{line}\n".encode(), Place("-", n, n * 99)) for n, line in enumerate(lines)], Verdict())
    told = list(most_durations_agree(Seen(log, truth, "prefork", {"task": tasks_of(truth, ())})))
    assert (sum(each is not None for each in told), told.count(None)) == (findings, held)


REVOKED = {"event": "Task revoked", "level": "warning", "terminated": False, "expired": True}


def judged(folder: Path, records: list[dict[str, Any]], *events: dict[str, Any]) -> Verdict:
    """Return what the audits of any task say, beside no rule."""
    truth = truth_of(folder, *events)
    lines = [json.dumps({"logger": "shop", "level": "info", **each}).encode() + b"\n" for each in records]
    log = Log([read_line(line, Place("-", n, n * 999)) for n, line in enumerate(lines)], Verdict())
    return verdict_on(Seen(log, truth, "threads", {"task": tasks_of(truth, ())}))


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ([{"task_id": "a", **REVOKED}], []),
        ([], ["0 records `Task revoked`, for a task that Celery revoked"]),
        ([{"task_id": "a", **REVOKED, "expired": False}], ["expired is false; Celery said true"]),
    ],
)
def test_a_task_that_never_ran_is_judged_for_its_revocation(
    records: list[dict[str, Any]], told: list[str], tmp_path: Path
) -> None:
    """And for nothing else that an execution would have."""
    revoked = {"kind": "revoked", "at": 1.0, "pid": 7, "task_id": "a", "terminated": False, "expired": True}
    verdict = judged(tmp_path, records, revoked)
    found = [(each.requirement, each.message) for each in verdict.findings if each.requirement != "LIFE001"]
    assert found == [("LIFE002", each) for each in told]
    assert "LIFE002" in verdict.counts


def starts_and_end(*starts: str) -> list[dict[str, Any]]:
    records = [{"event": "Task starting", "task_id": each, "args_count": 0, "kwargs_keys": []} for each in starts]
    return [*records, {"event": "Task completed", "task_id": "a", "duration_ms": 500, "has_result": True}]


@pytest.mark.parametrize(
    ("states", "starts", "found"),
    [
        (["REJECTED", "SUCCESS"], "aa", []),
        (["REJECTED", "SUCCESS"], "a", ["LIFE003", "START001"]),
        (["SUCCESS", "SUCCESS"], "aa", []),  # the broker lost its acknowledgement, and the log lost a completion
    ],
)
def test_what_is_delivered_again_starts_again(states: list[str], starts: str, found: list[str], tmp_path: Path) -> None:
    """Where a task really ended twice LIFE003 can't hold, and nobody is accused of it."""
    ran = [event for state in states for event in (prerun("a"), postrun("a", state))]
    verdict = judged(tmp_path, starts_and_end(*starts), *ran)
    kept = {"START001", "LIFE003"}
    assert [each.requirement for each in verdict.findings if each.requirement in kept] == found
    assert ("LIFE003" in verdict.counts) == (states[0] != "SUCCESS")


# What is said of it


def came_out(account: Account, *requirements: str) -> Exercised:
    here = Exercised("pytest", "prefork-embedded", "logconform run --exercise pytest", account, Verdict())
    here.conclude(load_contract(), [Finding(each, "is wrong") for each in requirements])
    return here


@pytest.mark.parametrize(
    ("account", "requirements", "outcome", "reason"),
    [
        (Account(0, executions=3, judged=3), [], "passed", None),
        (Account(0, executions=3, judged=3), ["FMT017"], "warned", "warned: FMT017"),
        (Account(0, executions=3, judged=3), ["FMT001", "FMT017", "FMT001"], "violated", "violated: FMT001"),
        (Account(0), [], "not_tested", NOTHING_RAN),
        (Account(0, executions=1), [], "not_tested", "no task came to its end"),
        (Account(left_out="no RabbitMQ"), [], "not_tested", "no RabbitMQ"),
        (Account(4, executions=3, judged=3), [], "inconclusive", "the command exited with 4"),
        (Account(4, executions=3, judged=3), ["FMT001"], "violated", "the command exited with 4; violated: FMT001"),
        (Account(0, executions=3, judged=3, unfinished=["a b"]), [], "inconclusive", "not over in time: a b"),
    ],
)
def test_an_exercise_comes_out_as_its_log_and_its_command(
    account: Account, requirements: list[str], outcome: str, reason: str | None
) -> None:
    """A violation goes before anything else; what went wrong on the way is never hidden."""
    here = came_out(account, *requirements)
    assert (here.outcome, here.result.reason) == (outcome, reason)
    again = None if outcome in {"passed", "not_tested"} else "logconform run --exercise pytest"
    assert (here.result.reproduce, here.result.requirement) == (again, None)
