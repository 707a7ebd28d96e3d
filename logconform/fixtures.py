"""
The pytest plugin for services' own tests: `log_records` and `assert_conforms`, without the lab.

It is loaded in every pytest run where logconform is installed, so nothing is
imported here before a test uses a fixture.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from logconform.testing.capture import Capture, Streams
    from logconform.testing.captured import LogRecords
    from logconform.testing.outputs import Detour

_places_key = pytest.StashKey[dict[int, tuple[int, int]]]()
_detours_key = pytest.StashKey[list["Detour"]]()
_outer_key = pytest.StashKey["Streams"]()
_capture_key = pytest.StashKey["Capture"]()

_CAPTURES = ("capsys", "capsysbinary", "capfd", "capfdbinary", "capteesys")
"""pytest's own capture fixtures; a test can have one of them."""


@pytest.fixture
def log_records(request: pytest.FixtureRequest) -> Iterator[LogRecords]:
    """What this process logs during the test: a sequence of records, each a mapping. `of(task_id=…)` selects."""
    from logconform.testing.capture import Capture
    from logconform.testing.captured import LogRecords

    stash = request.config.stash
    outer = stash[_outer_key]
    capture = stash[_capture_key] = Capture(outer, _detours(request.config, outer))
    for name in set(_CAPTURES).intersection(request.fixturenames):
        _share(capture, request.getfixturevalue(name))
    yield LogRecords(capture.records)
    del stash[_capture_key]
    capture.close()


@pytest.fixture
def assert_conforms(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Assert that records conform to the contract: `assert_conforms(log_records)`. See `logconform.testing`."""
    from functools import partial

    from logconform.testing import assert_conforms

    return partial(assert_conforms, folder=pytestconfig.rootpath)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Note where descriptors 1 and 2 lead before a conftest's logging stack takes them for itself."""
    places = early_config.stash[_places_key] = {}
    for descriptor in (1, 2):
        with suppress(OSError):  # it is closed
            told = os.fstat(descriptor)
            places[descriptor] = (told.st_dev, told.st_ino)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: pytest.FixtureRequest) -> Generator[None, Any, Any]:
    """Look on where a capture fixture comes after `log_records`."""
    fixture = yield
    capture = request.config.stash.get(_capture_key, None)
    if capture is not None and fixturedef.argname in _CAPTURES:
        _share(capture, fixture)
    return fixture


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note where outputs go before any fixture is there."""
    item.config.stash[_outer_key] = (sys.stdout, sys.stderr)
    return (yield from _phase(item.config))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Look on during the test."""
    return (yield from _phase(item.config))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Look on while the fixtures that came after `log_records` are torn down."""
    return (yield from _phase(item.config))


def pytest_enter_pdb(config: pytest.Config) -> None:
    """Let the debugger have the terminal."""
    if (capture := config.stash.get(_capture_key, None)) is not None:
        capture.end()


def pytest_leave_pdb(config: pytest.Config) -> None:
    """Look on again."""
    if (capture := config.stash.get(_capture_key, None)) is not None:
        capture.begin()


def _phase(config: pytest.Config) -> Generator[None, Any, Any]:
    """Run innermost: pytest's capture has begun, and has not yet taken what was written."""
    if (capture := config.stash.get(_capture_key, None)) is not None:
        capture.begin()
    try:
        return (yield)
    finally:
        if (capture := config.stash.get(_capture_key, None)) is not None:
            capture.end()


def _detours(config: pytest.Config, outer: Streams) -> list[Detour]:
    """Return the session's detours, made by the first test that needs them; none where the outputs are files."""
    from logconform.testing.outputs import Detour, are_files

    if _detours_key not in config.stash:
        places = {} if are_files(outer) else config.stash.get(_places_key, {})
        config.stash[_detours_key] = [Detour(*each) for each in places.items()]
    return config.stash[_detours_key]


def _share(capture: Capture, fixture: Any) -> None:
    if not getattr(fixture, "_logconform_shared", False):
        fixture._logconform_shared = True
        capture.share(fixture)
