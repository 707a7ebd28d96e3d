"""
The suite's verdicts on workers that are known to conform, or to break one requirement.

Every subject is run by the suite, as a service would run it, in a process of its own; three at a time. The first that
breaks something of an area is asked everything but what takes long; the others, whether they break what they break.
With LOGCONFORM_VERDICTS=all, the first of each requirement is asked everything: some minutes more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from logconform.contract import Level, load_contract
from tests.implementations._index import BROKEN, CONFORMING, LOG_FILE, POOLS, app_of, is_traced, writes_file

ROOT = Path(__file__).parents[2]
RUN_SECONDS = 240
PREFORK_ONLY = {
    "local_service_names",
    "reports_hard_limit_twice",
    "silent_on_hard_time_limit",
    "tears_long_records",
}
"""Faults of the main process beside its children. All others show on every pool; solo is the quickest."""
SLOW = ("broker_is_lost", "a_worker_is_killed", "stopped_warmly", "waits_for_its_time")
"""Scenarios of some seconds each, which the conforming ones go through; no fault here shows there alone."""
BESIDE_A_FILE = (*(f"SINK00{number}" for number in range(1, 8)), "LIFE001", "FMT001", "START001", "DONE001", "FAIL001")
"""What a worker with a broken log file is asked: its file, and whether the console is as it was."""
BESIDE_A_SPAN = ("TRACE001", "TRACE002", "TRACE003", "CTX001", "CTX005", "CTX008", "FMT001", "START001", "DONE001")
"""What a conforming worker with spans is asked."""
BESIDES = {
    "hangs_on_a_huge_message": ("FAIL008",),
    "knows_no_users": ("CTX010", "RETRY005"),
    "writes_levels_in_capitals": ("FAIL001", "FAIL008"),
}
"""What a subject is asked besides, and keeps: what follows a task that hangs, what else is about users or levels."""
AT_ONCE = 3
ADAPTED = {"conforming_own_logger", "restores_nothing_after_exception"}
"""Subjects whose probes speak through an adapter of their own."""
EVERY_POOL = {"conforming_stdlib"}
"""What the others build on; those show on prefork what they have of their own."""
TRACED_PROFILES = ["core", "retry", "safety", "runtime", "tracing"]
WHOLLY_BROKEN = {"never_logs": 1, "logs_plain_text": 1, "dies_at_start": 2, "floods": 0, "hangs_before_every_task": 3}
"""Subjects broken as a whole, with the exit code of their run. A flood of conforming records conforms."""


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    output: str
    report: dict[str, Any] | None

    def ids(self, status: str) -> list[str]:
        assert self.report is not None, self.output
        return [each["id"] for each in self.report["requirements"] if each["status"] == status]


def run_suite(name: str, pool: str, folder: Path) -> Outcome:
    report = folder / f"{name}-{pool}.json"
    command = [sys.executable, "-m", "pytest", str(ROOT / "features"), "-q", "-p", "no:cacheprovider"]
    command += ["--celery-app", app_of(name)]
    command += ["--adapter", app_of(name).replace(":app", ":adapter")] if name in ADAPTED else []
    command += selection_of(name)
    finished = subprocess.run(
        [*command, "--pool", pool, "--report", str(report)],
        cwd=home_of(name, folder),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    content = json.loads(report.read_text("utf-8")) if report.exists() else None
    return Outcome(finished.returncode, finished.stdout + finished.stderr, content)


def selection_of(name: str) -> list[str]:
    """
    Return what a subject is asked.

    Those with a log file, or with spans, add those to a style that is asked everything by itself.
    The first broken one of an area is asked everything quick; the others whether they break what they break, unless
    the environment asks for more (LOGCONFORM_VERDICTS=all).
    """
    if writes_file(name):
        return ["-m", " or ".join(BESIDE_A_FILE)]
    if name not in BROKEN:
        return ["-m", " or ".join(BESIDE_A_SPAN)] if is_traced(name) else []
    alike = [each for each in BROKEN if _kind(each) == _kind(name)]
    if name != alike[0]:
        return ["-m", " or ".join([BROKEN[name], *BESIDES.get(name, ())])]
    return ["-k", f"not {' and not '.join(SLOW)}"]


def _kind(name: str) -> str:
    """Return what a broken subject stands for: the area of what it breaks; its requirement, where all are asked for."""
    requirement = BROKEN[name]
    return requirement if os.environ.get("LOGCONFORM_VERDICTS") == "all" else requirement.rstrip("0123456789")


def home_of(name: str, folder: Path) -> Path:
    """Return the folder to run in: where there is more to say of a subject, one of its own with a configuration."""
    told = [f'log_file = "{LOG_FILE}"'] if writes_file(name) else []
    told += [f"profiles = {json.dumps(TRACED_PROFILES)}"] if is_traced(name) else []
    if not told:
        return ROOT
    home = folder / f"home-{name}"
    home.mkdir()
    (home / "logconform.toml").write_text("\n".join([f'app = "{app_of(name)}"', *told, ""]), "utf-8")
    return home


def cases() -> list[tuple[str, str]]:
    broken = [
        (name, "prefork" if name in PREFORK_ONLY or writes_file(name) else POOLS.get(name, "solo")) for name in BROKEN
    ]
    pools = {name: ("prefork", "threads", "solo") if name in EVERY_POOL else ("prefork",) for name in CONFORMING}
    conforming = [(name, pool) for name in CONFORMING for pool in pools[name]]
    return [*broken, *conforming, *((name, "prefork") for name in WHOLLY_BROKEN)]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Any, Future[Outcome]]]:
    """Every case's run, three at a time; only those of the tests that were selected."""
    folder = tmp_path_factory.mktemp("verdicts")
    wanted = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    selected = {(params.get("name"), params.get("pool")) for params in wanted}
    with ThreadPoolExecutor(AT_ONCE) as executor:
        runs = {case: executor.submit(run_suite, *case, folder) for case in cases() if case in selected}
        yield runs
        for run in runs.values():
            run.cancel()


@pytest.mark.parametrize(("name", "pool"), [case for case in cases() if case[0] in BROKEN])
def test_a_broken_worker_is_found_out(name: str, pool: str, outcomes: dict[Any, Future[Outcome]]) -> None:
    """It violates exactly the requirement that it breaks, and exits with 1; a SHOULD is a warning, and exits with 0."""
    outcome = outcomes[name, pool].result()
    must = load_contract()[BROKEN[name]].level is Level.MUST
    assert outcome.ids("violated") == ([BROKEN[name]] if must else []), outcome.output[-4000:]
    assert must or BROKEN[name] in outcome.ids("warned"), outcome.output[-4000:]
    assert outcome.exit_code == (1 if must else 0)
    assert f"{BROKEN[name]} {'violation' if must else 'warning'}" in outcome.output


@pytest.mark.parametrize(("name", "pool"), [case for case in cases() if case[0] in CONFORMING])
def test_a_conforming_worker_conforms(name: str, pool: str, outcomes: dict[Any, Future[Outcome]]) -> None:
    """Written in another style, it keeps every MUST that the pool can show: no accusation, exit code 0."""
    outcome = outcomes[name, pool].result()
    assert outcome.ids("violated") == [], outcome.output[-4000:]
    assert outcome.exit_code == 0, outcome.output[-4000:]
    assert outcome.report is not None
    assert outcome.report["summary"]["verdict"] == "conforms"


@pytest.mark.parametrize(("name", "pool"), [case for case in cases() if case[0] in WHOLLY_BROKEN])
def test_a_wrong_subject_ends_well(name: str, pool: str, outcomes: dict[Any, Future[Outcome]]) -> None:
    """It ends with its exit code and a message or a report, and leaves no process."""
    outcome = outcomes[name, pool].result()
    assert outcome.exit_code == WHOLLY_BROKEN[name], outcome.output[-4000:]
    assert "Traceback (most recent call last)" not in outcome.output.split("   | ")[0]
    assert not [
        process for process in psutil.process_iter(["cmdline"]) if app_of(name) in (process.info["cmdline"] or [])
    ]


def test_a_worker_that_never_logs_violates_what_it_should_have_written(outcomes: dict[Any, Future[Outcome]]) -> None:
    """Silence is no conformance: starts, endings and failures are missing, each under its requirement."""
    if ("never_logs", "prefork") not in outcomes:
        pytest.skip("its run was not selected")
    assert {"START001", "DONE001", "FAIL001", "RETRY001"} <= set(
        outcomes["never_logs", "prefork"].result().ids("violated")
    )


def test_a_worker_on_which_no_task_ends_is_given_up(outcomes: dict[Any, Future[Outcome]]) -> None:
    """Three of them are tried; the other scenarios say so at once, and accuse nobody."""
    if ("hangs_before_every_task", "prefork") not in outcomes:
        pytest.skip("its run was not selected")
    outcome = outcomes["hangs_before_every_task", "prefork"].result()
    assert outcome.ids("violated") == [], outcome.output[-4000:]
    assert outcome.report is not None
    reasons = Counter(each["reason"].partition(";")[0] for each in outcome.report["scenarios"] if each["reason"])
    assert reasons.most_common(1)[0][0] == "no task came to its end on 3 workers"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--celery-app", "no_such_module:app"], "No module named 'no_such_module'"),
        (["--celery-app", "tests.implementations:nothing"], "Unable to load celery application"),
        (["--pool", "preform"], "did you mean prefork"),
        (["-m", "CTX05"], "did you mean"),
        (["--broker", "redis://127.0.0.1:1/0"], "redis://127.0.0.1:1 can't be used"),
    ],
)
def test_what_cannot_be_tested_is_told(arguments: list[str], message: str, tmp_path: Path) -> None:
    """Usage and configuration end with exit code 2 and one message that names the fault; no report is written."""
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", "features/", "-q", "-p", "no:cacheprovider", "--report", str(report)]
    finished = subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert message in finished.stdout + finished.stderr
    assert not report.exists()


def test_one_requirement_can_be_run_alone(tmp_path: Path) -> None:
    """`-m CTX004` exercises and judges CTX004 only."""
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", "features/", "-q", "-p", "no:cacheprovider", "--report", str(report)]
    finished = subprocess.run(
        [*command, "--celery-app", app_of("conforming_stdlib"), "-m", "CTX004"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    tested = [each["id"] for each in json.loads(report.read_text("utf-8"))["requirements"] if each["checked"]]
    assert tested == ["CTX004"]
