"""What a run is to do: the command line goes before the configuration, and slips are told before anything starts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logconform.config import ConfigError
from logconform.lab.exercise import Exercise
from logconform.lab.settings import DEFAULT_APP, Settings, settings_of

NAMES = ("celery_app", "adapter", "pool", "broker", "keep", "only", "exercise", "exercise_timeout")


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


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"pool": ["preform"]},
        "no pool 'preform' (did you mean prefork?); the pools are prefork, prefork-spawn, threads, solo, gevent",
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
