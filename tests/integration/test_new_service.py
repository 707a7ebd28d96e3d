"""New services as somebody makes them: from the wheel, in a folder of their own, tested, judged and updated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from logconform import __version__
from logconform.scaffold.history import History
from logconform.scaffold.template import template_files

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECONDS = 400


class Machine:
    """A home folder, a temporary one, and an environment in which only the wheel's logconform can be imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("home", "tmp", "work of mine"):
            (folder / name).mkdir(parents=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON", "XDG_"))}
        self.environment = {
            **kept,
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PIP_NO_COMPILE": "1",  # modules are compiled when they are used: most never are
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "WORKER_RETRY_DELAY_SECONDS": "0.1",
            "WORKER_DELIVERY_URL": "http://127.0.0.1:9/",
        }

    @property
    def work(self) -> Path:
        """Where services are made."""
        return self.folder / "work of mine"

    @property
    def history(self) -> History:
        """The template's versions that this machine knows."""
        return History(self.folder / "home/.local/share/logconform/template")

    def run(self, *command: str | Path, cwd: Path | None = None) -> str:
        """Run a command to its good end, and return what it wrote."""
        code, said = self.end(*command, cwd=cwd)
        assert code == 0, said
        return said

    def end(self, *command: str | Path, cwd: Path | None = None) -> tuple[int, str]:
        """Run a command, and return how it ended and what it wrote."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout

    def git(self, *arguments: str, cwd: Path) -> str:
        """Run git for a user who has introduced herself."""
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@ghostworks.example")
        return self.run("git", *who, *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("a machine"))


@pytest.fixture(scope="module")
def logconform(machine: Machine) -> Path:
    """The wheel's `logconform`. What it depends on is the test environment's: that the wheel says all is seen below."""
    machine.run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", machine.folder / "a wheel", ROOT
    )
    [wheel] = (machine.folder / "a wheel").iterdir()
    tool = machine.folder / "tool"
    machine.run(sys.executable, "-m", "venv", "--without-pip", tool)
    machine.run(sys.executable, "-m", "pip", "--python", tool, "install", "--quiet", "--no-deps", wheel)
    borrowed = Path(sysconfig.get_path("purelib"))
    [packages] = tool.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(f"{borrowed}\n", "utf-8")
    return tool / "bin/logconform"


def judged(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "conformance-report.json").read_text("utf-8"))
    return report


def statuses(report: Mapping[str, Any]) -> dict[str, str]:
    return {each["id"]: each["status"] for each in report["requirements"]}


@dataclass(frozen=True)
class Billing:
    """A service with the defaults: what was said when it was made, what is in it, and its `make test`."""

    folder: Path
    said: str
    names: list[str]
    tested: Future[str]


@pytest.fixture(scope="module")
def billing(machine: Machine, logconform: Path) -> Iterator[Billing]:
    """Made, and being tested beside the other tests of this module."""
    said = machine.run(logconform, "new", "billing")
    folder = machine.work / "billing"
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    with ThreadPoolExecutor(1) as beside:
        tested = beside.submit(machine.run, "make", "test", f"PYTHON={sys.executable}", cwd=folder)
        yield Billing(folder, said, names, tested)


def test_a_service_is_made_in_one_command(billing: Billing) -> None:
    """In an empty folder, and with what comes next."""
    assert billing.said == "made billing\nnext: cd 'billing' && make test\n"
    assert billing.names == [
        "Dockerfile",
        "Makefile",
        "README.md",
        "billing",
        "compose.yaml",
        "features",
        "local.mk",
        "pyproject.toml",
        "tests",
    ]


def test_where_logconform_came_from_is_looked_up(machine: Machine, logconform: Path) -> None:
    """A wheel that is gone is told with what to do, before anything is installed."""
    machine.run(logconform, "new", "moved")
    moved = machine.work / "moved"
    local = (moved / "local.mk").read_text("utf-8")
    assert f"LOGCONFORM_AT := {machine.folder}/a wheel/logconform-{__version__}-py3-none-any.whl\n" in local
    (moved / "local.mk").write_text(local.replace("a wheel", "a wheel that was"), "utf-8")
    code, said = machine.end("make", "lint", cwd=moved)
    assert code == 2
    assert "from which logconform was installed, is gone.\nDelete local.mk to take logconform from the" in said
    assert not (moved / ".venv").exists()


OPTIONS = {
    "vendor": (("--vendor",), ("--pool", "solo"), ["solo-embedded"], ["FMT001", "CTX005", "RETRY004", "SAFE001"]),
    "broker": (("--broker", "rabbitmq"), ("--pool", "solo", "--only", "CTX002"), None, ["CTX002"]),
    "pools": (
        ("--pool", "threads", "--pool", "solo", "--pool", "gevent"),
        ("--only", "CTX002"),
        ["threads-embedded", "solo-embedded", "gevent-embedded"],
        ["CTX002"],
    ),
    "profiles": (
        ("--profile", "progress", "--profile", "resource", "--profile", "tracing"),
        ("--only", "PROG001,PROG002,PROG003,RES001,RES002,TRACE001,TRACE002,TRACE003"),
        ["prefork-embedded"],
        ["PROG001", "PROG002", "PROG003", "RES001", "RES002", "TRACE001", "TRACE002", "TRACE003"],
    ),
}
"""For each: how the service is made, how it is judged, where, and what then has passed."""


@pytest.mark.parametrize("option", OPTIONS)
def test_a_service_with_an_option_is_green(machine: Machine, logconform: Path, option: str) -> None:
    """Its tests pass, and it conforms where it runs; in this environment, which has all that its options need."""
    made_with, judged_by, environments, passed = OPTIONS[option]
    machine.run(logconform, "new", f"with-{option}", *made_with)
    service = machine.work / f"with-{option}"
    machine.run(BIN / "pytest", "-q", cwd=service)
    machine.run(BIN / "logconform", "run", "features/", *judged_by, cwd=service)
    report = judged(service)
    assert report["summary"]["verdict"] == "conforms"
    assert {name: statuses(report)[name] for name in passed} == dict.fromkeys(passed, "passed")
    ran = [each["name"] for each in report["environments"] if not each.get("skipped")]
    assert environments is None or sorted(ran) == sorted(environments)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('task "build_report" runs', 'task "build_report" flies', "no step is defined for: the service's task "),
        ("@FAIL001", "", "'There is no such report' must carry the one requirement that it is about as a tag"),
    ],
)
def test_a_slip_in_a_feature_is_told(machine: Machine, logconform: Path, right: str, wrong: str, message: str) -> None:
    """A step that nobody knows, or a scenario about nothing: a sentence, and exit code 2."""
    slips = machine.work / f"slips-{len(right)}"
    machine.run(logconform, "new", slips.name)
    feature = slips / "features/reports.feature"
    feature.write_text(feature.read_text("utf-8").replace(right, wrong), "utf-8")
    command = (BIN / "logconform", "run", "features/", "--pool", "solo", "--only", "CTX002")
    code, said = machine.end(*command, cwd=slips)
    assert code == 2
    assert message in said
    assert "Traceback" not in said


@pytest.fixture
def committed(machine: Machine, logconform: Path, request: pytest.FixtureRequest) -> Path:
    """A service under git, with a change of its user's."""
    name = f"updated-{len(request.node.name)}"
    machine.run(logconform, "new", name)
    service = machine.work / name
    settings = next(service.glob("*/settings.py"))
    settings.write_text(settings.read_text("utf-8").replace("= 30\n", "= 90\n"), "utf-8")
    machine.git("init", "--quiet", cwd=service)
    machine.git("add", "--all", cwd=service)
    machine.git("commit", "--quiet", "--message", "A service", cwd=service)
    return service


def later(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a template that has moved on: in the Makefile, and in the reference worker's settings."""
    settings, makefile = "reference_worker/settings.py", "template/Makefile.jinja"
    return {
        **files,
        settings: files[settings].replace(b"log_backup_count: int = 5", b"log_backup_count: int = 9"),
        makefile: files[makefile] + b"\n# A later template.\n",
    }


def test_copier_update_brings_the_template_and_keeps_the_service(machine: Machine, committed: Path) -> None:
    """In one file, the user's line and the template's are both there; nothing conflicts."""
    machine.history.remember("0.1.99", later(template_files()))
    machine.run(BIN / "copier", "update", "--defaults", cwd=committed)
    settings = next(committed.glob("*/settings.py")).read_text("utf-8")
    assert "reports_kept_days: float = 90\n" in settings
    assert "log_backup_count: int = 9\n" in settings
    assert (committed / "Makefile").read_text("utf-8").endswith("\n# A later template.\n")
    assert machine.git("diff", "--name-only", "--diff-filter=U", cwd=committed) == ""
    assert yaml.safe_load((committed / ".copier-answers.yml").read_text("utf-8"))["_commit"] == "v0.1.99"


def test_new_update_brings_this_versions_template(machine: Machine, committed: Path, logconform: Path) -> None:
    """It keeps its template beside the older one, and can change answers: here the core is copied from now on."""
    machine.history.remember("0.0.9", later(template_files()))
    answers = committed / ".copier-answers.yml"
    answers.write_text(answers.read_text("utf-8").replace(f"v{__version__}", "v0.0.9"), "utf-8")
    machine.git("commit", "--quiet", "--all", "--message", "Made with an older one", cwd=committed)
    said = machine.run(logconform, "new", "--update", "--vendor", cwd=committed)
    assert said == f"{committed.name}: v0.0.9 -> v{__version__}; see git diff\n"
    assert "reports_kept_days: float = 90\n" in next(committed.glob("*/settings.py")).read_text("utf-8")
    assert len(list(committed.glob("*/logging/*.py"))) == len(list(ROOT.glob("reference_worker/logging/*.py")))
    assert yaml.safe_load(answers.read_text("utf-8"))["vendor"] is True


def test_an_update_from_an_unknown_version_is_refused(machine: Machine, committed: Path, logconform: Path) -> None:
    """Copier would need the template that the service was made with; the message says how it comes here."""
    answers = committed / ".copier-answers.yml"
    answers.write_text(answers.read_text("utf-8").replace(f"v{__version__}", "v0.0.1"), "utf-8")
    code, said = machine.end(logconform, "new", "--update", cwd=committed)
    assert code == 2
    assert "the template v0.0.1 is not on this machine; run `logconform new --update` once with that version" in said


def test_a_new_service_is_green(billing: Billing) -> None:
    """From the wheel alone: set up in an environment of its own, tested, and judged. Other tests ran meanwhile."""
    assert "conforms: billing.celery_app:app on prefork-embedded" in billing.tested.result(SECONDS)
    report = judged(billing.folder)
    assert (report["summary"]["verdict"], report["subject"]["app"]) == ("conforms", "billing.celery_app:app")
    left = {each["profile"] for each in report["requirements"] if each["status"] == "not_tested"}
    assert left == {"progress", "resource", "tracing"}
    own = {each["name"]: each["outcome"] for each in report["scenarios"] if each["id"].startswith("test_service.py")}
    assert own == dict.fromkeys(["A report is built", "Nobody takes the report", "There is no such report"], "passed")
