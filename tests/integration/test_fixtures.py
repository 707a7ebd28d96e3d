"""`log_records` and `assert_conforms`, in pytest runs of their own: whatever logs, and however pytest captures."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0

SHOP = """
from celery import Celery
from reference_worker.logging import configure_structured_logging, get_logger, instrument

configure_structured_logging(service_name="shop")
app = Celery("shop")
instrument(app)
log = get_logger("shop.tasks")


@app.task(name="shop.order")
def order(number, tenant_id=None):
    log.info("Order taken", number=number)
    if number == 13:
        raise ValueError("unlucky")
    return number


@app.task(name="shop.pay", bind=True, max_retries=2)
def pay(self, tenant_id=None):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
"""
"""A service that logs with the reference worker's package: it is configured when its module is imported."""

EVERY_WAY = """
import json, logging, os, subprocess, sys

import pytest, structlog


def record(event):
    return json.dumps({"event": event})


HANDLER = logging.StreamHandler(sys.stdout)
COMPLAINTS = logging.StreamHandler()
COPY = os.dup(1)
PRINT = structlog.PrintLogger()
WRITE = structlog.WriteLogger()
BYTES = structlog.BytesLogger()
ALL = sorted([
    "a handler from before", "a handler of standard error", "a handler of this test", "a PrintLogger from before",
    "a WriteLogger from before", "a BytesLogger from before", "a PrintLogger of this test", "a print",
    "descriptor 1", "a copy of descriptor 1", "a child",
])


def emit(handler, event):
    handler.emit(logging.makeLogRecord({"msg": record(event)}))


def every_way():
    emit(HANDLER, "a handler from before")
    emit(COMPLAINTS, "a handler of standard error")
    emit(logging.StreamHandler(sys.stdout), "a handler of this test")
    PRINT.msg(record("a PrintLogger from before"))
    WRITE.msg(record("a WriteLogger from before"))
    BYTES.msg(record("a BytesLogger from before").encode())
    structlog.PrintLogger().msg(record("a PrintLogger of this test"))
    print(record("a print"))
    os.write(1, record("descriptor 1").encode() + b"\\\\n")
    os.write(COPY, record("a copy of descriptor 1").encode() + b"\\\\n")
    subprocess.run(["echo", record("a child")], check=True)


def test_alone(log_records):
    every_way()
    assert sorted(log_records.events) == ALL
    every_way()
    assert sorted(log_records.events) == sorted(ALL * 2)


@pytest.mark.parametrize("name", ["capsys", "capsysbinary", "capfd", "capfdbinary", "capteesys"])
def test_before_a_capture_fixture(log_records, name, request):
    capture = request.getfixturevalue(name)
    every_way()
    print(record("last"))
    taken = capture.readouterr().out
    assert ("last" if isinstance(taken, str) else b"last") in taken
    every_way()
    assert sorted(log_records.events) == sorted([*ALL, *ALL, "last"])


def test_with_capsys(capsys, log_records):
    every_way()
    assert sorted(log_records.events) == ALL
    assert "a print" in capsys.readouterr().out


def test_with_capfd(log_records, capfd):
    every_way()
    assert sorted(log_records.events) == ALL
    assert "descriptor 1" in capfd.readouterr().out


def test_with_caplog(log_records, caplog):
    logging.getLogger("shop").warning("hm")
    every_way()
    assert caplog.messages == ["hm"]
    assert sorted(log_records.events) == ALL


@pytest.fixture
def around(log_records):
    print(record("in the set-up"))
    yield
    print(record("in the teardown"))
    assert log_records.events == ["in the set-up", "in the test", "in the teardown"]


def test_in_every_phase(around, log_records):
    print(record("in the test"))
    assert log_records.events == ["in the set-up", "in the test"]


def test_in_every_phase_with_capsys(around, capsys):
    print(record("in the test"))


def test_in_every_phase_with_capfd(around, capfd):
    print(record("in the test"))


def test_nothing_of_other_tests(log_records):
    assert log_records.events == []
"""


@pytest.fixture(autouse=True)
def home(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The implementations of this repository can be imported; nothing outside says how to capture."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(pytester.path), str(ROOT)]))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in ("COLUMNS", "LINES"):  # else pytest asks a standard output that some implementations have replaced
        monkeypatch.setenv(name, "200")


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options, timeout=PATIENCE)


@pytest.mark.parametrize("options", [(), ("-s",), ("--capture=sys",), ("-n", "2")], ids="-".join)
def test_whatever_is_written_is_captured_once(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    """Streams from before the test, descriptors, copies of them, children: each record is there, and only once."""
    pytester.makepyfile(test_capture=EVERY_WAY.replace("\\\\n", "\\n"))
    run(pytester, *options).assert_outcomes(passed=13)


def test_what_pytest_shows_stays_as_it_is(pytester: pytest.Pytester) -> None:
    """Nothing is taken away: the output of a test that fails is shown, under -s it reaches the terminal."""
    pytester.makepyfile(
        'def test_a(log_records):\n    print(\'{"event": "a"}\')\n    assert log_records.events == []\n'
    )
    captured, uncaptured = run(pytester), run(pytester, "-s")
    captured.stdout.fnmatch_lines(["*- Captured stdout call -*", '{"event": "a"}'])
    uncaptured.stdout.fnmatch_lines(['*{"event": "a"}', "*= FAILURES =*"])
    assert len([line for line in uncaptured.outlines if line.endswith('{"event": "a"}')]) == 1


def test_a_line_that_is_no_record_is_not_passed_over(pytester: pytest.Pytester) -> None:
    """It is among the events, so that an expectation fails; `unreadable` has it, with what is wrong; `of` has not."""
    pytester.makepyfile(
        """
        import sys

        def test_a(log_records):
            print('{"event": "first", "task_id": "t-1"}')
            print('{"event": "sec')
            print('{"event": "third", "task_id": "t-1", "n": 3}')
            sys.stdout.write("hello")
            assert log_records.events == [
                "first", 'not a record: {"event": "sec', "third", "not a record: hello"
            ]
            assert [each.text for each in log_records.unreadable] == ['{"event": "sec', "hello"]
            assert all(each.defects for each in log_records.unreadable)
            assert log_records.of(task_id="t-1").events == ["first", "third"]
            assert log_records.of(task_id="t-1", n=3)[0] == {"event": "third", "task_id": "t-1", "n": 3}
            assert log_records.of(other=None).events == []
            assert log_records[2:].events == ["third", "not a record: hello"]
            for each in log_records:
                print(each)  # what is printed meanwhile is not waited for
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_the_reference_worker_conforms(pytester: pytest.Pytester) -> None:
    """Eager tasks that succeed, fail and retry conform, and so does a function with bound context and no start."""
    pytester.makepyfile(shop=SHOP)
    pytester.makepyfile(
        """
        from reference_worker.logging import log_context
        from shop import log, order, pay

        def test_success(log_records, assert_conforms):
            order.apply(args=[1], kwargs={"tenant_id": "acme"})
            assert log_records.of(tenant_id="acme").events[:3] == ["Task starting", "Order taken", "Task completed"]
            assert_conforms(log_records)

        def test_failure_and_success(log_records, assert_conforms):
            order.apply(args=[13], kwargs={"tenant_id": "acme"})
            order.apply(args=[1])
            assert [each["event"] for each in log_records.of(level="error")] == ["Task failed"]
            assert_conforms(log_records)

        def test_retry(log_records, assert_conforms):
            pay.apply(kwargs={"tenant_id": "acme"})
            assert "Task failed, retrying" in log_records.events
            assert_conforms(log_records)

        def test_a_function(log_records, assert_conforms):
            order.apply(args=[1])
            with log_context(task_id="t-1", operation="shop.sync", tenant_id="acme"):
                log.info("Synchronised", rows=3)
            assert log_records.of(task_id="t-1")[0]["rows"] == 3
            assert_conforms(log_records)

        def test_with_capfd(log_records, assert_conforms, capfd):
            order.apply(args=[1])
            assert_conforms(log_records)
        """
    )
    run(pytester, "-n", "1").assert_outcomes(passed=5)


def test_the_documented_example_passes(pytester: pytest.Pytester) -> None:
    """The how-to page's test and `conftest.py`, as they stand there."""
    page = (ROOT / "docs" / "how-to" / "unit-tests.md").read_text("utf-8")
    example, conftest = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    pytester.makepyfile(test_example=example, conftest=conftest)
    run(pytester).assert_outcomes(passed=1)


CONFORMING = [
    "conforming_python_json_logger",
    "conforming_native_structlog",
    "conforming_processor_formatter",
]
WORKER = """
import importlib, logging, os

import pytest
from celery import signals

worker = importlib.import_module("tests.implementations." + os.environ["WORKER"])
log = logging.getLogger("shop")


@worker.app.task(name="shop.order")
def order(number, tenant_id=None):
    log.info("Order taken")
    return 1 / number


@pytest.fixture(scope="session", autouse=True)
def configured():
    signals.setup_logging.send(None, loglevel=logging.INFO)


def test_conforms(log_records, assert_conforms):
    order.apply(args=[0], kwargs={"tenant_id": "acme"})
    order.apply(args=[1])
    assert log_records.events.count("Order taken") == 2
    assert_conforms(log_records)
"""


@pytest.mark.parametrize("name", CONFORMING)
def test_other_stacks_conform(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """python-json-logger, structlog, structlog over standard logging: their workers' eager tasks conform as well."""
    monkeypatch.setenv("WORKER", name)
    pytester.makepyfile(WORKER)
    run(pytester).assert_outcomes(passed=1)


BROKEN = {
    "logs_return_value": "DONE005",
    "completes_twice": "DONE001",
}


@pytest.mark.parametrize(("name", "requirement"), BROKEN.items(), ids=list(BROKEN))
def test_a_broken_worker_is_found_out(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str, requirement: str
) -> None:
    """The assertion fails with the finding as the terminal report shows it, at the line of the test."""
    monkeypatch.setenv("WORKER", name)
    pytester.makepyfile(test_broken=WORKER)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       assert_conforms(log_records)",
            "E*AssertionError: does not conform: stdout, * against contract *",
            f"E*{requirement} violation: *",
            "E*--> stdout:*",
            "E*= fix: *",
            f"E*= more: logconform explain {requirement}",
            "test_broken.py:*: AssertionError",
        ],
        consecutive=False,
    )


def test_findings_by_kind(pytester: pytest.Pytester) -> None:
    """A secret, a torn line, a leak, a missing field; `only` and `ignore` narrow it; nothing captured fails too."""
    pytester.makepyfile(
        """
        import pytest
        from logconform.contract import load_contract

        HEAD = '{"timestamp": "2025-09-12T20:05:03.001184Z", "level": "info", "service": "shop", "logger": "shop"'

        def test_a_secret(log_records, assert_conforms):
            print(HEAD + ', "event": "Signed in", "password": "hunter2"}')
            with pytest.raises(AssertionError, match="(?s)SAFE001 violation: .*fix:") as caught:
                assert_conforms(log_records)
            assert "hunter2" not in str(caught.value)
            assert_conforms(log_records, ignore="SAFE001")
            assert_conforms(log_records, only=["FMT003", "FMT004"])

        def test_a_torn_line(log_records, assert_conforms):
            print(HEAD + ', "event": "Sig')
            print(HEAD + ', "event": "Signed in"}')
            with pytest.raises(AssertionError, match="FMT001 violation: "):
                assert_conforms(log_records)

        def test_a_leaked_tenant(log_records, assert_conforms):
            [leak] = [each for each in load_contract().examples_of("CTX005") if each.kind == "violates"]
            print(leak.text, end="")
            with pytest.raises(AssertionError, match="CTX005 violation: tenant_id 'tenant-789' belongs to"):
                assert_conforms(log_records)
            task_id = log_records[0]["task_id"]
            assert_conforms(log_records.of(task_id=task_id))

        def test_a_missing_field(log_records, assert_conforms):
            print(HEAD + "}")
            with pytest.raises(AssertionError, match="FMT007 violation: event is missing"):
                assert_conforms(log_records)

        def test_nothing(log_records, assert_conforms):
            with pytest.raises(AssertionError, match="there are no records, so nothing was checked"):
                assert_conforms(log_records)

        def test_nothing_that_was_asked_for(log_records, assert_conforms):
            print(HEAD + ', "event": "Signed in"}')
            with pytest.raises(AssertionError, match="nothing was checked"):
                assert_conforms(log_records, only="RETRY003")
        """
    )
    run(pytester).assert_outcomes(passed=6)


def test_the_service_says_what_holds(pytester: pytest.Pytester) -> None:
    """Waivers in `[tool.logconform]` of the service's folder cover findings, wherever pytest was started."""
    pytester.makepyprojecttoml(
        '[[tool.logconform.waivers]]\nrequirement = "SAFE001"\nreason = "old"\n'
        '[tool.pytest.ini_options]\naddopts = ""\n'
    )
    (pytester.mkdir("tests") / "test_a.py").write_text(
        "def test_a(log_records, assert_conforms):\n"
        '    print(\'{"timestamp": "2025-09-12T20:05:03.001184Z", "level": "info", "service": "shop", \''
        '\'"logger": "shop", "event": "Signed in", "password": "hunter2"}\')\n'
        "    assert_conforms(log_records)\n"
    )
    os.chdir(pytester.path / "tests")
    run(pytester).assert_outcomes(passed=1)
