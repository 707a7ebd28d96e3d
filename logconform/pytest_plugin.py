"""
The pytest plugin of the suite: options, environments, the lab's run, the report.

`features/conftest.py` loads it, so it is active only where features are run.
The order of a run: scenarios are collected; every environment is stimulated
by the Given and When steps of all of them, shut down and judged; then pytest
runs the scenarios, whose Then steps look at what was seen. A run that is
repeated does all of that again, round by round. With `--exercise`, one item
for each environment takes the place of the scenarios: the service's own command.
"""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.scenario import scenario_wrapper_template_registry

from logconform.checks import unchecked
from logconform.config import ConfigError, check_requirements, suggestion
from logconform.contract import ContractError, load_contract
from logconform.findings import Finding
from logconform.lab.brokers import BrokerUnavailable
from logconform.lab.evidence import Seen
from logconform.lab.exercise import SECONDS
from logconform.lab.pools import POOLS
from logconform.lab.run import Conclusion, LabRun, Violated
from logconform.lab.selection import short_id
from logconform.lab.settings import settings_of
from logconform.lab.stage import Trace
from logconform.lab.subject import SubjectError
from logconform.lab.vocabulary import FeatureError
from logconform.report import Look, render
from logconform.report.model import exit_code
from logconform.report.output import Unwritable, refuse_output
from logconform.rules import discover
from logconform.schemas import schema

UNUSABLE = 2
UNDECIDED = 3

_run_key = pytest.StashKey[LabRun]()
_folder_key = pytest.StashKey[Path]()
_handler_key = pytest.StashKey[Any]()
"""What SIGTERM did before the lab ran."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("logconform", "logconform: conformance of a Celery worker's log")
    group.addoption(
        "--celery-app", metavar="MODULE:ATTR", help="the Celery app under test (default: the reference worker)"
    )
    group.addoption("--adapter", metavar="MODULE:ATTR", help="the object through which probes log")
    group.addoption("--pool", action="append", metavar="POOL", help=f"{', '.join(POOLS)}; repeatable; default prefork")
    group.addoption(
        "--broker",
        action="append",
        metavar="URL",
        help="`embedded`, `filesystem`, `rabbitmq` or an address; repeatable",
    )
    group.addoption(
        "--environment",
        action="append",
        metavar="POOL-BROKER",
        help="a pool on a broker, such as threads-rabbitmq, in place of --pool and --broker; repeatable",
    )
    group.addoption("--report", metavar="PATH", default="conformance-report.json", help="where the JSON report goes")
    group.addoption(
        "--keep", metavar="FOLDER", help="keep the raw log, the oracle's file and the command line of what fails"
    )
    group.addoption(
        "--only", action="append", metavar="ID", help="a requirement (CTX005) or scenario (CTX005-3f2a); repeatable"
    )
    group.addoption(
        "--exercise", metavar="COMMAND", help="run this in place of the scenarios, and judge all that it brings about"
    )
    group.addoption(
        "--exercise-timeout", type=float, metavar="SECONDS", help=f"how long COMMAND may run (default {SECONDS:g})"
    )
    group.addoption("--repeat", type=int, default=1, metavar="N", help="run all N times, to find what is flaky")
    group.addoption("--report-junit", metavar="PATH", help="write the report as JUnit XML too")


def pytest_configure(config: pytest.Config) -> None:
    """Make every requirement a marker, and settle what is tested."""
    if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        pytest.exit("logconform: the lab runs one worker at a time; leave out pytest-xdist's -n", returncode=UNUSABLE)
    try:
        contract = load_contract()
        schema("record")  # this, and the next, refuse what can't be read
        discover()
        settings = settings_of(config.option, Path(config.invocation_params.dir), list(contract))
        check_requirements(settings.config, list(contract))
        _check_selection(config, list(contract))
        for path in filter(None, (config.option.report, config.option.report_junit)):
            refuse_output(Path(path), set())
    except (ContractError, ConfigError, Unwritable) as error:
        pytest.exit(f"logconform: {error}", returncode=UNUSABLE)
    for requirement in contract.values():
        config.addinivalue_line("markers", f"{requirement.id}: {requirement.title}")
    config.stash[_run_key] = LabRun(contract, settings)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every scenario in every environment, as often as asked."""
    if metafunc.function in scenario_wrapper_template_registry:
        run = metafunc.config.stash[_run_key]
        turns = [(name, number) for number in range(1, run.settings.repeat + 1) for name in run.environments]
        names = [name if number == 1 else f"{name}-run-{number}" for name, number in turns]
        metafunc.fixturenames.append("turn")
        metafunc.parametrize("turn", turns, ids=names, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what `--only` names, and put the rounds one after the other; or put the exercise in place of all."""
    run = config.stash[_run_key]
    scenarios = {item: found for item in items if (found := _scenario_of(item))}
    try:
        about = {item: run.requirement_of(scenario) for item, (scenario, *_) in scenarios.items()}
        ids = {item: short_id(about[item], scenario.name) for item, (scenario, *_) in scenarios.items()}
        run.settings.selection.check_scenarios(set(ids.values()))
    except (ConfigError, FeatureError) as error:
        items.clear()  # pytest finishes the collection, and would run them
        pytest.exit(f"logconform: {error}", returncode=UNUSABLE)
    if run.settings.exercise is not None:
        if run.settings.selection or run.partial:
            run.judged = run.settings.selection.judged or set(about.values())
        items[:] = list(_exercises(session, run))
        return
    left_out = [item for item in ids if not run.settings.selection.takes(about[item], ids[item])]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    items[:] = sorted((item for item in items if item not in set(left_out)), key=_round_of)


def _exercises(session: pytest.Session, run: LabRun) -> Iterator[ExerciseItem]:
    for number in range(1, run.settings.repeat + 1):
        for environment in run.environments:
            name = environment if number == 1 else f"{environment}-run-{number}"
            item: ExerciseItem = ExerciseItem.from_parent(session, name=f"exercise[{name}]")
            item.environment, item.round = environment, number
            yield item


class ExerciseItem(pytest.Item):
    """What the service's own command brought about in one environment."""

    environment: str
    round: int

    def runtest(self) -> None:
        """Come out as the log of all that ran does."""
        run = self.config.stash[_run_key]
        conclusion = run.conclude_exercise(self.environment)
        if run.exercised[self.environment].account.failed:
            raise Violated(conclusion.text)
        _come_out(conclusion, None)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show what was found, without Python's frames."""
        return str(excinfo.value) if isinstance(excinfo.value, Violated) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name it as it is in the report."""
        return Path(), None, self.name


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember that only a part of the suite runs."""
    if items:
        items[0].config.stash[_run_key].partial = True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Stimulate every environment with all selected scenarios, before the first of them is judged."""
    config = session.config
    if config.option.collectonly:
        return
    run = config.stash[_run_key]
    for item in session.items:
        if scenario := _scenario_of(item):
            run.plan(item.nodeid, scenario[0], scenario[1], scenario[2])
    if run.planned or any(isinstance(item, ExerciseItem) for item in session.items):
        _begin(config, 1)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Begin the next round before its first scenario."""
    if (number := _round_of(item)) > item.config.stash[_run_key].round:
        _begin(item.config, number)


def _begin(config: pytest.Config, number: int) -> None:
    """Run a round in the lab. What it wrote is gone afterwards, unless some of it may be kept."""
    run = config.stash[_run_key]
    run.finish_round()
    _clear(config)
    folder = Path(tempfile.mkdtemp(prefix="logconform-"))
    config.stash[_folder_key] = folder
    config.stash.setdefault(_handler_key, signal.signal(signal.SIGTERM, _interrupt))
    try:
        run.stimulate(folder, _progress(config), number)
    except (SubjectError, BrokerUnavailable, FeatureError) as error:
        run.keep_all()
        turn = f"run {number} of {run.settings.repeat}: " if run.settings.repeat > 1 else ""
        pytest.exit(f"logconform: {turn}{error}", returncode=UNUSABLE)
    if run.settings.keep is None:
        _clear(config)


def _clear(config: pytest.Config) -> None:
    if folder := config.stash.get(_folder_key, None):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    _clear(config)
    if _handler_key in config.stash:
        signal.signal(signal.SIGTERM, config.stash[_handler_key])


@pytest.fixture
def trace(request: pytest.FixtureRequest) -> Trace:
    """What this scenario did in the lab."""
    return request.config.stash[_run_key].traces[request.node.nodeid]


@pytest.fixture
def stimulated(trace: Trace) -> _Replay:
    """How the scenario's stimulus went: its steps ask."""
    return _Replay(trace)


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Seen:
    """What the scenario's worker wrote, beside what really happened."""
    return request.config.stash[_run_key].seen(request.node.nodeid)


@pytest.fixture
def conclude(request: pytest.FixtureRequest) -> Any:
    """Turn an audit's checks into the scenario's outcome."""
    run = request.config.stash[_run_key]

    def from_checks(checks: Iterable[Finding | None]) -> None:
        conclusion = run.conclude(request.node.nodeid, checks)
        _come_out(conclusion, run.not_binding(request.node.nodeid))

    return from_checks


class _Replay:
    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def replay(self) -> None:
        """Report how the stimulus went."""
        if self._trace.skipped:
            pytest.skip(f"not tested: {self._trace.skipped}")


def _come_out(conclusion: Conclusion, not_binding: str | None) -> None:
    if conclusion.outcome == "violated" and not_binding:
        pytest.xfail(f"{not_binding}\n{conclusion.text}")
    if conclusion.outcome == "violated":
        raise Violated(conclusion.text)
    if conclusion.outcome == "warned":
        pytest.xfail(f"a SHOULD that does not hold\n{conclusion.text}")
    if conclusion.outcome in {"not_tested", "inconclusive"}:
        pytest.skip(f"{conclusion.outcome.replace('_', ' ')}: {conclusion.reason}")


def pytest_bdd_after_step(request: pytest.FixtureRequest, step: Any) -> None:
    """Note a step that went well."""
    request.config.stash[_run_key].step(request.node.nodeid, step.keyword, step.name, "passed")


def pytest_bdd_step_error(request: pytest.FixtureRequest, step: Any) -> None:
    """Note a step that did not."""
    request.config.stash[_run_key].step(request.node.nodeid, step.keyword, step.name, "failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Keep how a scenario came out; show a violation as its message, without Python's frames."""
    report = yield
    run = item.config.stash[_run_key]
    if call.when == "call" and item.nodeid in run.planned:
        if call.excinfo is not None and isinstance(call.excinfo.value, (Violated, FeatureError)):
            report.longrepr = str(call.excinfo.value)
        run.came_out(item.nodeid, report.outcome, _reason(report, call), report.duration)
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the report; its verdict is the exit code."""
    run = session.config.stash.get(_run_key, None)
    if exitstatus in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}:
        session.exitstatus = UNUSABLE  # pytest's own 3 and 4 mean something else here
        return
    if run is None or session.config.option.collectonly or exitstatus == UNUSABLE:
        return
    report = run.report()
    Path(session.config.option.report).write_text(render(report, "json"), "utf-8")
    if session.config.option.report_junit:
        Path(session.config.option.report_junit).write_text(render(report, "junit"), "utf-8")
    session.exitstatus = _exit_code(run, report)


def _exit_code(run: LabRun, report: Any) -> int:
    """Return the verdict's exit code; what conforms but for what went wrong on the way does not end with 0."""
    code = exit_code(report)
    if code == 1:
        return code
    if any(account.failed for account in run.unfit):
        return UNUSABLE
    if run.unfit:
        return UNDECIDED
    return 1 if run.errors and code == 0 else code


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show the verdict."""
    run = config.stash.get(_run_key, None)
    if run is None or run.last_report is None:
        return
    colour = bool(terminalreporter.hasmarkup)
    width = terminalreporter._tw.fullwidth if colour else None
    terminalreporter.section("conformance")
    terminalreporter.write_line(render(run.last_report, "text", Look(config.option.verbose > 0, colour, width)))
    for sentence in unchecked(run.contract):
        terminalreporter.write_line(sentence)
    terminalreporter.write_line(f"report: {config.option.report}")
    if run.settings.keep is not None:
        there = run.settings.keep.is_dir() and any(run.settings.keep.iterdir())
        terminalreporter.write_line(f"kept: {config.option.keep}" if there else "kept: nothing, as nothing failed")


def _check_selection(config: pytest.Config, requirements: list[str]) -> None:
    """Refuse a `-m` expression that names neither a requirement nor a marker."""
    known = [*requirements, *(line.split(":")[0].split("(")[0].strip() for line in config.getini("markers"))]
    for word in re.findall(r"[A-Za-z_]\w*", config.option.markexpr or ""):
        if word not in {"and", "or", "not", "True", "False", *known}:
            raise ConfigError(f"no requirement {word}{suggestion(word, requirements)}; see `logconform explain`")


def _round_of(item: pytest.Item) -> int:
    if isinstance(item, ExerciseItem):
        return item.round
    scenario = _scenario_of(item)
    return scenario[2] if scenario else 0


def _scenario_of(item: pytest.Item) -> tuple[Any, str, int] | None:
    function = getattr(item, "obj", None)
    template = scenario_wrapper_template_registry.get(function) if function is not None else None
    if template is None:
        return None
    parameters = item.callspec.params  # type: ignore[attr-defined]
    return template.render(parameters.get("_pytest_bdd_example", {})), *parameters["turn"]


def _progress(config: pytest.Config) -> Any:
    reporter = config.pluginmanager.get_plugin("terminalreporter")

    def tell(text: str) -> None:
        if reporter is not None and config.option.verbose >= 0:
            reporter.write_line(f"logconform: {text}")

    return tell


def _reason(report: Any, call: pytest.CallInfo[None]) -> str | None:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    if report.failed and call.excinfo is not None and not isinstance(report.longrepr, str):
        return call.excinfo.exconly(tryshort=True)
    return str(report.longrepr) if report.longrepr else None


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
