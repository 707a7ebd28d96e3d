"""What a run is to do: the command line goes before the configuration, and slips are told before anything starts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logconform.config import ConfigError
from logconform.contract import load_contract
from logconform.lab import brokers
from logconform.lab.brokers import Broker, is_optional
from logconform.lab.exercise import Exercise
from logconform.lab.plan import Planned
from logconform.lab.run import LabRun
from logconform.lab.settings import DEFAULT_APP, Settings, settings_of

NAMES = ("celery_app", "adapter", "pool", "broker", "environment", "keep", "only", "exercise", "exercise_timeout")


def settings(folder: Path, **given: Any) -> Settings:
    option = SimpleNamespace(**{**dict.fromkeys(NAMES), "repeat": 1, **given})
    return settings_of(option, folder, ["CTX005", "CTX006"])


def test_without_a_word_the_reference_worker_is_judged(tmp_path: Path) -> None:
    """On prefork, with a broker of the lab's own, once, in the folder of the call."""
    made = settings(tmp_path)
    assert (made.app, made.pools, made.brokers) == (DEFAULT_APP, ("prefork",), ("embedded",))
    assert (made.cwd, made.repeat, made.exercise, made.keep, made.named) == (tmp_path, 1, None, None, ())


def test_what_the_configuration_says_it_says_of_its_own_app(tmp_path: Path) -> None:
    """Another app on the command line has another worker; a command to run it again has to name it."""
    (tmp_path / "logconform.toml").write_text('app = "shop:app"\nworker_command = ["./start.sh"]\n', "utf-8")
    assert settings(tmp_path).config.worker_command == ("./start.sh",)
    same = settings(tmp_path, celery_app="shop:app")
    assert (same.config.worker_command, same.named) == (("./start.sh",), ("--app", "shop:app"))
    assert settings(tmp_path, celery_app="other:app").config.worker_command == ()


def test_an_exercise_has_ten_minutes_unless_told(tmp_path: Path) -> None:
    """Its command is taken as it is."""
    assert settings(tmp_path, exercise="pytest tests/").exercise == Exercise("pytest tests/", 600)
    assert settings(tmp_path, exercise="a", exercise_timeout=3.5, only=["ctx005"]).exercise == Exercise("a", 3.5)


def test_pools_and_brokers_can_be_named_in_pairs(tmp_path: Path) -> None:
    """The longest name of a pool counts, and what follows it is the broker."""
    made = settings(tmp_path, environment=["prefork-spawn-embedded", "solo-redis://h-1:6379"])
    assert made.environments == (("prefork-spawn", "embedded"), ("solo", "redis://h-1:6379"))


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"pool": ["preform"]},
        "no pool 'preform' (did you mean prefork?); the pools are prefork, prefork-spawn, threads, solo, gevent",
    ),
    (
        {"environment": ["thread-embedded"]},
        "--environment thread-embedded: must be POOL-BROKER, such as threads-rabbitmq",
    ),
    ({"environment": ["solo"]}, "--environment solo: must be POOL-BROKER, such as threads-rabbitmq"),
    (
        {"environment": ["solo-embedded"], "pool": ["solo"]},
        "--environment: names a pool and a broker; leave out --pool and --broker",
    ),
    ({"repeat": 0}, "--repeat 0: must be at least 1"),
    ({"only": ["CTX05"]}, "--only: no requirement is called CTX05 (did you mean CTX005?); see the contract"),
    ({"exercise": " "}, "--exercise: is empty; name a command, such as 'pytest tests/'"),
    ({"exercise": "a", "exercise_timeout": 0.0}, "--exercise-timeout 0: must be a number of seconds above 0"),
    (
        {"exercise": "a", "exercise_timeout": float("nan")},
        "--exercise-timeout nan: must be a number of seconds above 0",
    ),
    ({"exercise_timeout": 3.0}, "--exercise-timeout: there is no --exercise that it could be for"),
    ({"exercise": "a", "only": ["CTX005-0000"]}, "--only: an exercise has no scenarios; name requirements"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    """One sentence names the option, what is wrong, and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, **given)
    assert str(caught.value) == message


def test_a_folder_to_keep_in_must_be_new_or_empty(tmp_path: Path) -> None:
    """What was kept of two runs could not be told apart."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine", "utf-8")
    for name in ("new", "empty"):
        assert settings(tmp_path, keep=name).keep == tmp_path / name
    for name, fault in {"full": "is not empty", "full/note": "is a file"}.items():
        with pytest.raises(ConfigError, match=rf"--keep .*{name}: {fault}; name a folder"):
            settings(tmp_path, keep=name)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://h/0", (True, True, False)),
        ("rediss://h/0", (True, True, False)),
        ("amqps://h//", (True, True, True)),
        ("sqs://", (False, True, False)),
        ("filesystem://", (False, False, False)),
    ],
)
def test_what_a_broker_can_do_is_known_by_its_address(url: str, told: tuple[bool, bool, bool]) -> None:
    """Whether a message says that it came back, whether it comes back after a loss, and whether it is AMQP."""
    broker = Broker(url, url, "name")
    assert (broker.marks_redelivery, broker.redelivers, broker.is_amqp) == told


@pytest.fixture
def no_rabbitmq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "RABBITMQ_OF_SYSTEM", "amqp://127.0.0.1:1//")
    for name in ("LOGCONFORM_REQUIRE", "LOGCONFORM_RABBITMQ"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "optional"),
    [
        ({}, True),
        ({"LOGCONFORM_REQUIRE": "redis,amqp"}, False),
        ({"LOGCONFORM_RABBITMQ": "amqp://mq.example//"}, False),
    ],
)
def test_rabbitmq_may_be_missing_unless_it_is_asked_for(
    environment: dict[str, str], optional: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop without one goes on; CI, and whoever names an address, gets an error."""
    for name in ("LOGCONFORM_REQUIRE", "LOGCONFORM_RABBITMQ"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_optional("rabbitmq") is optional
    assert not is_optional("redis://h:1")


def test_an_environment_without_its_broker_is_left_out(no_rabbitmq: None, tmp_path: Path) -> None:
    """Its scenarios are not tested, and say why; where nothing else ran, nothing was tested."""
    run = LabRun(load_contract(), settings(tmp_path, environment=["solo-rabbitmq"]))
    run.planned["node"] = Planned("CTX005", "f", "r", "n", (), "solo-rabbitmq")
    said: list[str] = []
    run.stimulate(tmp_path, said.append)
    assert "the broker amqp://127.0.0.1:1 can't be used" in str(run.traces["node"].skipped)
    assert any("left out" in text for text in said)
    assert run.report()["summary"]["verdict"] == "nothing_tested"


def test_an_exercise_without_its_broker_is_left_out(no_rabbitmq: None, tmp_path: Path) -> None:
    """Its command does not run, and its environment was not tested."""
    given = settings(tmp_path, environment=["solo-rabbitmq"], exercise="touch ran")
    run = LabRun(load_contract(), given)
    said: list[str] = []
    run.stimulate(tmp_path, said.append)
    conclusion = run.conclude_exercise("solo-rabbitmq")
    assert (conclusion.outcome, run.unfit) == ("not_tested", [])
    assert "the broker amqp://127.0.0.1:1 can't be used" in str(conclusion.reason)
    assert any("left out" in text for text in said)
    assert run.report()["summary"]["verdict"] == "nothing_tested"
    assert not (tmp_path / "ran").exists()
