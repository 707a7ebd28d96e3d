"""
`logconform init` in a service that was written without logconform in mind.

The service logs as Celery does by default: plain text, `get_task_logger`, no set-up of its own. Each case is a copy of
it, in which something was changed after the adoption; whole runs of the suite take a minute, and run side by side.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from logconform.config import load_config

ROOT = Path(__file__).parents[2]
SERVICE = Path(__file__).with_name("foreign_service")
PATIENCE = 300.0
AT_ONCE = 3

PRINTS = """
import sys


@signals.task_prerun.connect
def tell(task=None, **_):
    print("running", task.name, file=sys.__stdout__)
"""
SHOWS_ARGUMENTS = """
import logging


@signals.task_prerun.connect
def show(task=None, kwargs=None, **_):
    logging.getLogger("shop").info("calling %s with %s", task.name, kwargs)
"""
WRITES_TWICE = """
import logging


@signals.after_setup_logger.connect
def add_handler(logger=None, **_):
    logger.addHandler(logging.StreamHandler())
"""
TELLS_ITS_BROKER = """
import logging


@signals.worker_ready.connect
def ready(sender=None, **_):
    logging.getLogger("shop").warning("listening to %s", sender.app.connection_for_read().as_uri(include_password=True))
"""
KEEPS_ERRORS_BACK = """
import logging


@signals.after_setup_logger.connect
def keep_errors_back(logger=None, **_):
    for handler in logger.handlers:
        handler.addFilter(lambda record: record.levelno < logging.ERROR and not record.exc_info)
"""
CASES: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "unchanged": ([], ()),
    "worse in every way": ([PRINTS, SHOWS_ARGUMENTS, WRITES_TWICE, TELLS_ITS_BROKER], ()),
    "better": ([KEEPS_ERRORS_BACK], ()),
    "shows arguments": ([SHOWS_ARGUMENTS], ("--only", "SAFE001")),
    "writes twice": ([WRITES_TWICE], ("--only", "SINK001")),
    "tells its broker": ([TELLS_ITS_BROKER], ("--only", "SAFE002")),
}
"""What was added to the service, and what is run of the suite."""


@dataclass(frozen=True)
class Outcome:
    home: Path
    code: int
    output: str
    report: dict[str, Any]

    def status(self, name: str) -> str:
        return next(str(each["status"]) for each in self.report["requirements"] if each["id"] == name)

    def violated(self) -> list[str]:
        return [each["id"] for each in self.report["requirements"] if each["status"] == "violated"]


def logconform(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "logconform", *arguments],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def run(home: Path, *arguments: str) -> Outcome:
    report = home / "report.json"
    done = logconform(home, "run", "--report", str(report), *arguments)
    return Outcome(home, done.returncode, done.stdout + done.stderr, json.loads(report.read_text("utf-8")))


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The service after `logconform init`, and what that said."""
    home = tmp_path_factory.mktemp("adopted") / "service"
    shutil.copytree(SERVICE, home, ignore=shutil.ignore_patterns("__pycache__"))
    return home, logconform(home, "init", "--repeat", "1")


@pytest.fixture(scope="module")
def outcomes(
    adopted: tuple[Path, Any], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Outcome]]]:
    """What became of each case, where a selected test asks for it."""
    wanted = {item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")}
    folder = tmp_path_factory.mktemp("cases")
    with ThreadPoolExecutor(AT_ONCE) as executor:
        runs = {}
        for case in (each for each in CASES if each in wanted):
            additions, arguments = CASES[case]
            home = folder / case.replace(" ", "-")
            shutil.copytree(adopted[0], home)
            with (home / "shop" / "celery.py").open("a", encoding="utf-8") as module:
                module.write("\nfrom celery import signals\n" + "\n".join(additions))
            runs[case] = executor.submit(run, home, *arguments)
        yield runs
        for each in runs.values():
            each.cancel()


def test_init_finds_the_app_and_writes_what_today_needs(
    adopted: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """The file names the app, and each waiver has its requirement, its count and a reason to fill in."""
    home, done = adopted
    assert done.returncode == 0, done.stderr
    assert "found shop.celery:app (shop/celery.py:5; named in Procfile)\n" in done.stderr
    assert "prefork-embedded: running " in done.stderr
    config = load_config(home)
    assert (config.source, config.app) == (home / "logconform.toml", "shop.celery:app")
    assert {each.requirement for each in config.waivers} >= {"FMT001", "FMT013", "START001", "FAIL001", "SAFE001"}
    assert all(each.count and each.reason.startswith("TODO") for each in config.waivers)
    assert f"{len(config.waivers)} waivers: {len(config.waivers)} new" in done.stderr


@pytest.mark.parametrize("case", ["unchanged"])
def test_what_was_adopted_is_green(case: str, outcomes: dict[str, Future[Outcome]]) -> None:
    """The next run conforms, says how many waivers that rests on, and none is stale or has room."""
    outcome = outcomes[case].result()
    assert outcome.code == 0, outcome.output[-4000:]
    summary = outcome.report["summary"]
    waivers = len(load_config(outcome.home).waivers)
    assert (summary["verdict"], summary["waivers"]) == ("conforms", waivers)
    assert f"conforms, resting on {waivers} waivers: shop.celery:app" in outcome.output
    assert summary["counts"]["waived"] == waivers
    assert (summary["waivers_stale"], summary["waivers_loose"]) == ([], [])


@pytest.mark.parametrize("case", ["worse in every way"])
def test_what_is_new_turns_the_run_red(case: str, outcomes: dict[str, Future[Outcome]]) -> None:
    """Also where the requirement is waived already; all that is known of it is named, the new fault among it."""
    outcome = outcomes[case].result()
    assert outcome.code == 1, outcome.output[-4000:]
    assert outcome.violated() == ["FMT001", "SAFE001", "SAFE002", "SINK001"]
    named = {"FMT001": 'lines like "running logconform.probe.', "SAFE001": "A secret is in the arguments:"}
    for name, new in named.items():
        told = outcome.output.split(f"{name} beyond its waiver: ")[1].split("\n\n")[0]
        assert "waived: what is new is among these" in told
        assert new in told


ALONE = [("shows arguments", "SAFE001"), ("writes twice", "SINK001"), ("tells its broker", "SAFE002")]


@pytest.mark.parametrize(("case", "requirement"), ALONE)
def test_each_new_fault_is_red_by_itself(case: str, requirement: str, outcomes: dict[str, Future[Outcome]]) -> None:
    """Under a requirement that is waived, and under two that held before."""
    outcome = outcomes[case].result()
    assert (outcome.code, outcome.violated()) == (1, [requirement]), outcome.output[-4000:]


@pytest.mark.parametrize("case", ["better"])
def test_a_fault_that_is_gone_takes_its_waiver_along(case: str, outcomes: dict[str, Future[Outcome]]) -> None:
    """A waiver that covers nothing any more fails the run, and nothing else does."""
    outcome = outcomes[case].result()
    assert outcome.code == 1, outcome.output[-4000:]
    assert outcome.violated() == []
    stale = [each["requirement"] for each in outcome.report["summary"]["waivers_stale"]]
    assert stale == ["SAFE001"]
