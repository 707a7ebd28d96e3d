"""Installed, not cloned: the wheel alone, in an environment of its own, inside somebody else's repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from logconform import __version__
from logconform.contract import load_contract
from tests.integration.hostile_repository import ENVIRONMENT, write_plugin, write_repository
from tests.integration.published import ROOT, build

PATIENCE = 300.0
CONTRACT = load_contract()


@dataclass(frozen=True)
class Installed:
    """A repository with a virtual environment that holds the wheel and what it needs, nothing else."""

    repository: Path

    @property
    def environment(self) -> Path:
        return self.repository / ".venv"

    @property
    def site(self) -> Path:
        [site] = self.environment.glob("lib/python*/site-packages")
        return site

    def run(self, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the repository; it must end in time, and without a traceback."""
        own = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        done = subprocess.run(
            [str(self.environment / "bin" / program), *arguments],
            cwd=self.repository,
            env={**own, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback (most recent call last)" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done

    def files(self) -> set[Path]:
        """Return what is installed of ours, and what lies beside it."""
        return {*(self.site / "logconform").rglob("*"), *(self.site / "reference_worker").rglob("*")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The repository's path has what paths have: spaces, an umlaut, a quote."""
    [wheel] = build(ROOT, tmp_path_factory.mktemp("dist"), "--wheel").glob("*.whl")
    made = Installed(write_repository(tmp_path_factory.mktemp("it's a büro")))
    python = made.environment / "bin" / "python"
    if uv := shutil.which("uv"):
        make = [uv, "venv", "--quiet", "--python", sys.executable]
        install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        make = [sys.executable, "-m", "venv", "--without-pip"]
        install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*make, str(made.environment)], timeout=PATIENCE, check=True)
    # The versions that everything else is tested with.
    constraints = ["--constraint", str(ROOT / "requirements.lock")]
    subprocess.run([*install, *constraints, str(wheel)], timeout=PATIENCE, check=True)
    write_plugin(made.site)
    return made


@pytest.fixture
def untouched(installed: Installed) -> Iterator[None]:
    """Nothing is written into the installation, so that it may be read-only."""
    before = installed.files()
    yield
    assert installed.files() - before == set()


@pytest.mark.parametrize("program", [["logconform"], ["python", "-m", "logconform"]])
def test_it_tells_its_version(installed: Installed, program: list[str]) -> None:
    """The command and the module are the same, and the contract is on board."""
    done = installed.run(*program, "--version")
    told = f"logconform, version {__version__}, contract {CONTRACT.version}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, told, "")


def test_it_explains(installed: Installed, untouched: None) -> None:
    """Contract, schemas, rules and features are found; nothing of the repository is taken for them."""
    done = installed.run("logconform", "explain", "CTX005")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"CTX005: {CONTRACT['CTX005'].title}\n")
    assert "\n  rule: " in done.stdout
    assert "(features/context.feature:" in done.stdout


@pytest.mark.parametrize(("kind", "code"), [("conforms", 0), ("violates", 1)])
def test_it_checks_a_log(installed: Installed, untouched: None, kind: str, code: int) -> None:
    """The examples of the contract come out as the contract says."""
    [example] = [each for each in CONTRACT.examples_of("CTX005") if each.kind == kind]
    (installed.repository / "worker.log").write_text(example.text, "utf-8")
    done = installed.run("logconform", "check", "worker.log", "--only", "CTX005")
    assert (done.returncode, done.stderr) == (code, "")


def test_it_judges_the_reference_worker(installed: Installed, untouched: None) -> None:
    """Without an app; what pytest is told by the repository, its environment and its plugins, it doesn't hear."""
    done = installed.run("logconform", "run", "--only", "CTX005-1861", "--report", "own.json", **ENVIRONMENT)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    report = json.loads((installed.repository / "own.json").read_text("utf-8"))
    assert report["subject"]["app"] == "reference_worker.celery_app:app"
    assert {each["id"].partition("::")[0] for each in report["scenarios"]} == {"features/test_features.py"}


def test_it_judges_the_app_of_the_repository(installed: Installed, untouched: None) -> None:
    """A plain Celery app doesn't conform, and that is what comes out, although its `logging.py` would hide Python's."""
    subject = ["--app", "shop:app", "--adapter", "voice:adapter"]
    done = installed.run("logconform", "run", *subject, "--only", "FMT001-605c", "--report", "shop.json")
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    report = json.loads((installed.repository / "shop.json").read_text("utf-8"))
    assert [each["id"] for each in report["requirements"] if each["status"] == "violated"] == ["FMT001"]
    assert not (installed.repository / ".pytest_cache").exists()


WITHOUT = [
    (["check", "worker.log", "--engine", "dask", "--scheduler", "tcp://h:1"], "needs Dask; install logconform[dask]"),
    (["check", "s3://logs/a.log"], "s3://logs/a.log: is not a file here; install logconform[remote]"),
    (["check", "https://h/a.log"], "https://h/a.log: is not a file here; install logconform[remote]"),
    (["run", "--pool", "gevent"], "the pool gevent needs gevent; install logconform[gevent]"),
]


@pytest.mark.parametrize(("arguments", "message"), WITHOUT)
def test_what_an_extra_brings_is_told_where_it_is_missing(
    installed: Installed, arguments: list[str], message: str
) -> None:
    """One message names the extra; the exit code is that of wrong usage."""
    (installed.repository / "worker.log").write_text("{}\n", "utf-8")
    done = installed.run("logconform", *arguments)
    assert done.returncode == 2
    assert message in done.stdout + done.stderr
