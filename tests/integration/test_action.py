"""The GitHub Action and the GitLab template, run as far as they can be here: in another repository, with the wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS = ACTION["runs"]["steps"]
TEMPLATE = yaml.safe_load((ROOT / ".gitlab" / "logconform.yml").read_text("utf-8"))[".logconform"]
SARIF = json.loads((ROOT / "tests" / "unit" / "standards" / "sarif-2.1.0.schema.json").read_text("utf-8"))
PATIENCE = 180.0
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
ONE_SCENARIO = "--only START001-85ec"

CONFORMING = """
from celery import Celery, signals
from reference_worker.logging import configure_structured_logging, instrument

app = Celery("billing")
app.conf.broker_connection_retry_on_startup = True
instrument(app)


@signals.setup_logging.connect(weak=False)
def set_up(**_):
    configure_structured_logging(service_name="billing")
"""
PLAIN = """
from celery import Celery

app = Celery("billing")
"""
RECORD = '{"timestamp": "2025-09-12T20:05:03.001184Z", "level": "info", "service": "s", "logger": "l", "event": "e"}'


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has what logconform needs, but not logconform; and the wheel of it."""
    folder = tmp_path_factory.mktemp("environment")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(pip, timeout=PATIENCE, check=True)
    venv.create(folder / "venv", with_pip=True)
    (folder / "needed").mkdir()
    for each in Path(sysconfig.get_path("purelib")).iterdir():
        if not each.name.lower().startswith(("logconform", "_editable_impl", "__editable__", "pip", "setuptools")):
            (folder / "needed" / each.name).symlink_to(each)
    [packages] = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "needed.pth").write_text(f"{folder / 'needed'}\n", "utf-8")
    return folder


@dataclass
class Job:
    """One job of another repository that uses the Action."""

    home: Path
    programs: Path
    inputs: dict[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    log: str = ""

    def run(self) -> None:
        """Run the steps that are commands, in their order, as the runner does: to the first that fails."""
        for step in (each for each in STEPS if "run" in each):
            self.codes[step["name"]] = self._step(step)
            if self.codes[step["name"]]:
                break

    def text(self, name: str) -> str:
        """Return what a file of the runner's holds."""
        path = self.home.parent / name
        return path.read_text("utf-8") if path.exists() else ""

    def _step(self, step: dict[str, Any]) -> int:
        env = {name: self._value(text) for name, text in step.get("env", {}).items()}
        output = self.home.parent / f"output-{step.get('id', 'none')}"
        code, log = bash(
            step["run"],
            self.home / self._value(step.get("working-directory", ".")),
            self.programs,
            {
                **env,
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(self.home.parent / "summary"),
            },
        )
        self.log += log
        if output.exists():
            lines = output.read_text("utf-8").splitlines()
            self.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
        return code

    def _value(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self._named(found[1]), text)

    def _named(self, name: str) -> str:
        place, *path = name.split(".")
        if place == "inputs":
            return self.inputs.get(path[0], ACTION["inputs"][path[0]]["default"])
        step, outputs, output = path
        assert (place, outputs) == ("steps", "outputs")
        return self.outputs.get(step, {}).get(output, "")


def bash(script: str, folder: Path, programs: Path, env: dict[str, str]) -> tuple[int, str]:
    """Run a script as the runners do, with the environment's programs first; nothing comes from an index."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("LOGCONFORM_", "PYTEST_"))},
            "PATH": f"{programs / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **env,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def job(tmp_path: Path, programs: Path) -> Any:
    """Return a job in a fresh repository with the code *service* and the log *lines*."""

    def make(service: str, lines: str, **inputs: str) -> Job:
        home = tmp_path / "repository"
        (home / "service" / "logs").mkdir(parents=True)
        (home / "service" / "billing.py").write_text(service, "utf-8")
        (home / "service" / "logs" / "a b.log").write_text(lines, "utf-8")
        [wheel] = programs.glob("*.whl")
        standing = {"install": "true", "logconform": str(wheel), "working-directory": "service"}
        named = {name.replace("_", "-"): value for name, value in inputs.items()}
        made = Job(home, programs, {**standing, **named})
        made.run()
        return made

    return make


# What the files say.


def test_no_input_becomes_shell_text() -> None:
    """Inputs reach commands as environment variables only: a quote in one is a quote, not a command."""
    assert [step["name"] for step in STEPS if "run" in step and EXPRESSION.search(step["run"])] == []
    assert [step["name"] for step in STEPS if "run" in step and step.get("shell") != "bash"] == []


def test_every_expression_names_what_exists() -> None:
    """Each input is used and described, and each output that is read is one that the judging step writes."""
    text = (ROOT / "action.yml").read_text("utf-8")
    assert set(re.findall(r"\binputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    assert [name for name, each in ACTION["inputs"].items() if not each["description"] or "default" not in each] == []
    written = re.findall(r'"([a-z-]+)=', (ROOT / ".ci" / "judge").read_text("utf-8"))
    read = set(re.findall(r"\bsteps\.judge\.outputs\.([\w-]+)", text))
    assert read <= {*written, "lab-sarif", "field-sarif"}


def test_the_action_has_only_members_that_github_knows() -> None:
    """GitHub refuses what its metadata syntax does not have."""
    assert set(ACTION) == {"name", "description", "author", "branding", "inputs", "outputs", "runs"}
    assert {name for each in ACTION["inputs"].values() for name in each} == {"description", "default"}
    assert all(isinstance(each["default"], str) for each in ACTION["inputs"].values())
    assert {name for each in ACTION["outputs"].values() for name in each} == {"description", "value"}
    assert set(ACTION["runs"]) == {"using", "steps"}
    known = {"name", "id", "if", "shell", "working-directory", "env", "run", "uses", "with"}
    assert {name for step in STEPS for name in step} <= known
    assert all(("run" in step) != ("uses" in step) for step in STEPS)
    values = [each for step in STEPS for each in (*step.get("env", {}).values(), *step.get("with", {}).values())]
    assert all(isinstance(each, str) for each in values)


def test_reports_are_uploaded_whatever_the_verdict_which_comes_last() -> None:
    """A red run is the one whose reports are looked at."""
    uploads = [step for step in STEPS if "upload" in step.get("uses", "")]
    assert [step["uses"] for step in uploads] == [
        "github/codeql-action/upload-sarif@v3",
        "github/codeql-action/upload-sarif@v3",
        "actions/upload-artifact@v4",
    ]
    assert all(step["if"].startswith("always() && ") for step in uploads)
    assert len({step["with"]["category"] for step in uploads[:2]}) == 2
    assert STEPS[-1]["name"] == "Verdict"


def test_the_gitlab_template_keeps_the_reports() -> None:
    """Whatever the verdict; the JUnit files are what GitLab shows in a merge request."""
    assert TEMPLATE["artifacts"] == {
        "when": "always",
        "paths": ["conformance/"],
        "reports": {"junit": "conformance/*.xml"},
    }
    assert set(TEMPLATE) == {"image", "variables", "before_script", "script", "artifacts"}


# What they do.


def test_a_service_that_conforms(job: Any) -> None:
    """Lab and field are judged with the wheel alone; summary, SARIF, JUnit, badge and outputs are there."""
    done = job(CONFORMING, f"{RECORD}\n", app="billing:app", args=ONE_SCENARIO, logs="logs/a b.log")
    assert (done.codes.get("Verdict"), done.log) == (0, done.log), done.log
    folder = done.home / "service" / "conformance"
    outputs = done.outputs["judge"]
    assert outputs == {
        "report": str(folder),
        "lab-sarif": str(folder / "lab.sarif"),
        "field-sarif": str(folder / "field.sarif"),
        "verdict": "conforms",
        "exit-code": "0",
    }
    assert re.findall(r"^### logconform, (\w+)$", done.text("summary"), re.MULTILINE) == ["lab", "field"]
    for name in ("lab", "field"):
        log = json.loads((folder / f"{name}.sarif").read_text("utf-8"))
        assert [error.message for error in Draft4Validator(SARIF).iter_errors(log)] == []
        assert json.loads((folder / f"{name}-badge.json").read_text("utf-8"))["message"] == "conforms"
        assert (folder / f"{name}.xml").read_text("utf-8").startswith("<?xml")
    assert done.log.rstrip().endswith("logconform: conforms")


def test_a_service_that_does_not(job: Any) -> None:
    """The reports are there as well, the findings are annotations, and the last step fails the job with 1."""
    done = job(PLAIN, f"{RECORD}\n", app="billing:app", args=ONE_SCENARIO)
    assert done.codes == {"Install the service": 0, "Install logconform": 0, "Judge": 0, "Verdict": 1}, done.log
    assert (done.outputs["judge"]["verdict"], done.outputs["judge"]["exit-code"]) == ("does_not_conform", "1")
    [run] = json.loads(Path(done.outputs["judge"]["lab-sarif"]).read_text("utf-8"))["runs"]
    assert "START001" in {each["ruleId"] for each in run["results"]}
    assert "\n::error" in done.log
    assert "START001" in done.text("summary")


FIELD = {
    "conforms": ({}, RECORD, 0, "conforms"),
    "does not": ({}, RECORD.replace("info", "INFO"), 1, "does_not_conform"),
    "does not, and need not": ({"fail_on": "none"}, RECORD.replace("info", "INFO"), 0, "does_not_conform"),
    "nothing was tested": ({"only": "RETRY003"}, RECORD, 3, "nothing_tested"),
    "nothing was asked for": ({"logs": ""}, RECORD, 3, "nothing_tested"),
    "no app": ({"lab": "true"}, RECORD, 2, "unusable"),
    "no such log": ({"logs": "none.log"}, RECORD, 2, "unusable"),
    "a command in an input": ({"logs": '$(touch owned)`touch owned`"; touch owned; "'}, RECORD, 2, "unusable"),
}


@pytest.mark.parametrize("name", FIELD)
def test_the_field_alone(job: Any, name: str) -> None:
    """`lab: false` judges logs only; the exit code is that of `logconform check`, under `fail-on`."""
    inputs, line, code, verdict = FIELD[name]
    done = job(PLAIN, f"{line}\n", **{"lab": "false", "logs": "logs/", **inputs})
    assert (done.codes["Verdict"], done.outputs["judge"]["verdict"]) == (code, verdict), done.log
    assert not list(done.home.rglob("owned"))


def test_the_gitlab_job(tmp_path: Path, programs: Path) -> None:
    """The template's script judges lab and logs, leaves the reports, and ends with the exit code."""
    (tmp_path / "billing.py").write_text(CONFORMING, "utf-8")
    (tmp_path / "worker.log").write_text(RECORD.replace("info", "INFO") + "\n", "utf-8")
    [wheel] = programs.glob("*.whl")
    variables = {
        **TEMPLATE["variables"],
        "LOGCONFORM_INSTALL": "true",
        "LOGCONFORM_PACKAGE": str(wheel),
        "LOGCONFORM_APP": "billing:app",
        "LOGCONFORM_ARGS": ONE_SCENARIO,
        "LOGCONFORM_LOGS": "worker.log",
    }
    script = "\n".join([*TEMPLATE["before_script"], *TEMPLATE["script"]])
    code, log = bash(script, tmp_path, programs, variables)
    assert code == 1, log
    assert sorted(path.name for path in (tmp_path / "conformance").iterdir()) == [
        "badge.json",
        "field.xml",
        "lab.json",
        "lab.md",
        "lab.xml",
    ]
