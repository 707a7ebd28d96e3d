"""What the lab takes for the end of a task, from the oracle's events alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from logconform.lab.truth import NotSeenError, Truth

ID = "5602a7fc-4aff-4db7-b1f6-1c64474a7899"
CHILD, MAIN = 200, 100


def event(kind: str, pid: int = CHILD, **facts: Any) -> dict[str, Any]:
    return {"kind": kind, "at": 0.0, "pid": pid, "thread": 1, "task_id": ID, "task": "probe", **facts}


def prerun(retries: int = 0) -> dict[str, Any]:
    return event("prerun", retries=retries)


def postrun(state: str | None) -> dict[str, Any]:
    return event("postrun", state=state, returned=False)


def failure(pid: int = CHILD, kind: str = "ValueError") -> dict[str, Any]:
    return event("failure", pid, error={"type": kind, "module": "builtins", "text": ""})


def truth_of(tmp_path: Path, *events: dict[str, Any]) -> Truth:
    path = tmp_path / "oracle"
    path.write_text("".join(json.dumps(each) + "\n" for each in events), "utf-8")
    truth = Truth(path)
    truth.refresh()
    return truth


ENDED = {
    "success": [prerun(), postrun("SUCCESS")],
    "failure in the child": [prerun(), failure(), postrun("FAILURE")],
    "failure told by the main process": [prerun(), postrun(None), failure(MAIN, "WorkerLostError")],
    "ignored": [prerun(), postrun("IGNORED")],
    "rejected": [prerun(), postrun("REJECTED"), failure(MAIN, "Reject")],
    "retried and succeeded": [prerun(), postrun("RETRY"), prerun(1), postrun("SUCCESS")],
    "revoked before it started": [event("revoked", MAIN, terminated=False, expired=False)],
    "unregistered": [event("unknown", MAIN)],
}
RUNNING = {
    "nothing": [],
    "started": [prerun()],
    "failed, and not yet left": [prerun(), failure()],
    "retried, and not yet run again": [prerun(), postrun("RETRY")],
    "left without a state, on prefork": [prerun(), postrun(None)],
}


@pytest.mark.parametrize("name", ENDED)
def test_a_task_has_ended(name: str, tmp_path: Path) -> None:
    """Nothing more will come of it, whoever told so."""
    assert truth_of(tmp_path, *ENDED[name]).ended(ID, "prefork")


@pytest.mark.parametrize("name", RUNNING)
def test_a_task_has_not_ended(name: str, tmp_path: Path) -> None:
    """Something must still come: an ending, a further execution, or the main process's word."""
    assert not truth_of(tmp_path, *RUNNING[name]).ended(ID, "prefork")


def test_a_body_that_exits_has_ended_on_threads(tmp_path: Path) -> None:
    """Only on prefork does the main process report it afterwards."""
    assert truth_of(tmp_path, *RUNNING["left without a state, on prefork"]).ended(ID, "threads")


def test_a_reject_is_no_failure(tmp_path: Path) -> None:
    """Celery sends the failure signal for it, after the execution; the task was rejected."""
    task = truth_of(tmp_path, *ENDED["rejected"]).task(ID)
    assert task.rejected
    assert not task.failed


@pytest.mark.parametrize(
    ("in_probe", "spoken", "told"),
    [(False, False, "TypeError: "), (False, True, None), (True, False, None), (None, False, None)],
)
def test_a_probe_was_not_reached(in_probe: bool | None, spoken: bool, told: str | None, tmp_path: Path) -> None:
    """Its exception was raised outside it, and it did not speak; where that can't be told, it may have been."""
    said = [event("spoke", point="first")] if spoken else []
    failed = {**failure(kind="TypeError"), "in_probe": in_probe}
    assert truth_of(tmp_path, prerun(), *said, failed, postrun("FAILURE")).task(ID).unreached == told


def test_a_torn_line_is_left_out(tmp_path: Path) -> None:
    """A process that was killed in the middle of its line costs that line, not the run."""
    path = tmp_path / "oracle"
    path.write_bytes(
        json.dumps(prerun()).encode() + b'\n{"kind": "postr\n' + json.dumps(postrun("SUCCESS")).encode() + b"\n"
    )
    truth = Truth(path)
    truth.refresh()
    assert truth.ended(ID, "prefork")


def test_a_wait_says_what_it_waited_for(tmp_path: Path) -> None:
    """It is bounded, and its message can be understood without the code."""
    with pytest.raises(NotSeenError, match=r"^waited 0\.01 s for the moon$"):
        Truth(tmp_path / "oracle").wait_for(lambda: False, 0.01, "the moon")


def test_a_wait_ends_with_the_worker(tmp_path: Path) -> None:
    """Where the worker is gone nothing can come any more; the time is not waited out."""
    with pytest.raises(NotSeenError, match="but the worker ended with exit code 1"):
        Truth(tmp_path / "oracle", lambda: "the worker ended with exit code 1").wait_for(lambda: False, 60.0, "it")
