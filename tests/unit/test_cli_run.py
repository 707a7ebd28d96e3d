"""`logconform run`: what reaches pytest, and what comes back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from logconform.cli import main
from logconform.lab.suite import pytest_command

FEATURES = Path(__file__).parents[2] / "features"


class Pytest:
    """Stands in for the process: keeps its command line, ends with a code."""

    code: int | None = 0
    command: list[str]

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        type(self).command = command

    def wait(self, timeout: float | None = None) -> int:
        if self.code is None and timeout is None:
            raise KeyboardInterrupt
        return self.code or 0


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Pytest]]:
    monkeypatch.setattr(subprocess, "Popen", Pytest)
    yield Pytest
    Pytest.code = 0


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["run", *arguments])


ALWAYS = pytest_command(FEATURES)
COMMAND_LINES = [
    ([], []),
    (["--app", "a:b"], ["--celery-app", "a:b"]),
    (["--celery-app", "a:b", "--adapter", "a:c"], ["--celery-app", "a:b", "--adapter", "a:c"]),
    (["--pool", "threads", "--pool", "solo"], ["--pool", "threads", "--pool", "solo"]),
    (["--broker", "embedded", "--broker", "redis://h"], ["--broker", "embedded", "--broker", "redis://h"]),
    (["--report", "out/r.json"], ["--report", "out/r.json"]),
    (["--report-junit", "out/r.xml"], ["--report-junit", "out/r.xml"]),
    (["--only", "CTX005"], ["--only", "CTX005"]),
    (["--only", "ctx005", "--only", "RETRY003"], ["--only", "CTX005", "--only", "RETRY003"]),
    (["--only", "ctx005-3F2A, retry003"], ["--only", "CTX005-3f2a", "--only", "RETRY003"]),
    (["--repeat", "3"], ["--repeat", "3"]),
    (["--keep", "kept"], ["--keep", "kept"]),
]


@pytest.mark.parametrize(("given", "passed_on"), COMMAND_LINES)
def test_options_are_passed_on_to_pytest(process: type[Pytest], given: list[str], passed_on: list[str]) -> None:
    """`run` has the options of `pytest features/`."""
    assert run(*given).exit_code == 0
    assert sorted(process.command) == sorted([*ALWAYS, *passed_on])
    assert process.command[: len(ALWAYS)] == ALWAYS
    for name, value in zip(passed_on[::2], passed_on[1::2], strict=True):
        assert any(pair == (name, value) for pair in zip(process.command, process.command[1:], strict=False))


def test_a_services_own_features_run_beside_the_suites(process: type[Pytest], tmp_path: Path) -> None:
    """Both folders are one run of pytest: one lab, one report."""
    assert run(str(tmp_path), "--only", "CTX005").exit_code == 0
    assert process.command == [*ALWAYS, str(tmp_path), "--only", "CTX005"]


@pytest.mark.parametrize(("pytests", "ours"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (None, 130)])
def test_exit_codes_are_the_fixed_ones(process: type[Pytest], pytests: int | None, ours: int) -> None:
    """The plugin's codes pass; pytest's own for wrong usage and for no tests become ours."""
    process.code = pytests
    assert run().exit_code == ours


USAGE_ERRORS = [
    (["--only", "CXT005"], "no requirement is called CXT005; did you mean CTX005"),
    (["--only", "CXT005-3f2a"], "no requirement is called CXT005; did you mean CTX005"),
    (["--repeat", "0"], "0 is not in the range"),
    (["--pool", "eventlet"], "'eventlet' is not one of"),
    (["no-folder"], "Path 'no-folder' does not exist"),
]


@pytest.mark.parametrize(("given", "message"), USAGE_ERRORS)
def test_wrong_usage_ends_before_pytest_starts(process: type[Pytest], given: list[str], message: str) -> None:
    """A slip costs no run."""
    process.command = []
    result = run(*given)
    assert result.exit_code == 2
    assert message in result.stderr
    assert process.command == []
