"""What a run is to do, from the command line and the configuration; what cannot be meant is refused at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logconform.checks import features_folder
from logconform.config import Config, ConfigError, load_config, suggestion
from logconform.lab.exercise import SECONDS, Exercise
from logconform.lab.keep import check_folder
from logconform.lab.pools import POOLS, lacking
from logconform.lab.selection import EVERYTHING, Selection, selection

DEFAULT_APP = "reference_worker.celery_app:app"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is tested, and where."""

    app: str
    cwd: Path
    adapter: str | None
    pools: tuple[str, ...]
    brokers: tuple[str, ...]
    config: Config
    selection: Selection = EVERYTHING
    repeat: int = 1
    exercise: Exercise | None = None
    """The service's own command, which is run in place of the scenarios."""
    keep: Path | None = None
    """Where what failed is kept."""
    environments: tuple[tuple[str, str], ...] = ()
    """Pools with the broker of each, where they are named in pairs; else it is every pool on every broker."""
    named: tuple[str, ...] = ()
    """What the command line says of the app and of features, and has to say again to run a scenario again."""


def settings_of(option: Any, here: Path, requirements: Collection[str]) -> Settings:
    """
    Return what the options of the command line and the configuration that holds in *here* come to.

    Raises:
        ConfigError: If one of them can't be meant.
    """
    own = load_config(here)
    for pool in option.pool or ():
        if pool not in POOLS:
            raise ConfigError(f"no pool {pool!r}{suggestion(pool, POOLS)}; the pools are {', '.join(POOLS)}")
    if option.repeat < 1:
        raise ConfigError(f"--repeat {option.repeat}: must be at least 1")
    if option.keep:
        check_folder(here / option.keep)
    if option.celery_app and own.app not in {None, option.celery_app}:
        own = Config()  # what the configuration says, it says about its own app, where it names one
    made = Settings(
        app=option.celery_app or own.app or DEFAULT_APP,
        cwd=here,
        adapter=option.adapter or own.adapter,
        pools=tuple(option.pool or own.pools),
        brokers=tuple(option.broker or own.brokers),
        config=own,
        environments=_environments(option),
        selection=selection(option.only or (), requirements),
        repeat=option.repeat,
        exercise=_exercise(option),
        keep=here / option.keep if option.keep else None,
        named=(*_own_features(option), *_said("--app", option.celery_app), *_said("--adapter", option.adapter)),
    )
    _check_pools(made)
    return made


def _check_pools(made: Settings) -> None:
    """
    Refuse a pool that no worker could run on.

    Raises:
        ConfigError: With what to install.
    """
    if made.config.worker_command:
        return  # it may have an environment of its own
    for pool in (pool for pool, _ in made.environments) if made.environments else made.pools:
        if missing := lacking(pool):
            raise ConfigError(missing)


def _environments(option: Any) -> tuple[tuple[str, str], ...]:
    """
    Return the pools and brokers that are named in pairs.

    Raises:
        ConfigError: If one of them is no pair of a pool and a broker, or pools or brokers are named apart as well.
    """
    named = tuple(option.environment or ())
    if named and (option.pool or option.broker):
        raise ConfigError("--environment: names a pool and a broker; leave out --pool and --broker")
    pairs = []
    for name in named:
        pool = max((pool for pool in POOLS if name.startswith(f"{pool}-")), key=len, default="")
        broker = name.removeprefix(f"{pool}-")
        if not pool or not broker:
            raise ConfigError(f"--environment {name}: must be POOL-BROKER, such as threads-rabbitmq")
        pairs.append((pool, broker))
    return tuple(pairs)


def _exercise(option: Any) -> Exercise | None:
    command, seconds = option.exercise, option.exercise_timeout
    if command is None:
        if seconds is not None:
            raise ConfigError("--exercise-timeout: there is no --exercise that it could be for")
        return None
    if not command.strip():
        raise ConfigError("--exercise: is empty; name a command, such as 'pytest tests/'")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise ConfigError(f"--exercise-timeout {seconds:g}: must be a number of seconds above 0")
    if any("-" in each for each in option.only or ()):
        raise ConfigError("--only: an exercise has no scenarios; name requirements")
    return Exercise(command, SECONDS if seconds is None else seconds)


def _own_features(option: Any) -> Iterator[str]:
    """Yield the folders of the service's own features."""
    suite = features_folder().resolve()
    for given in getattr(option, "file_or_dir", ()):
        if Path(given).is_dir() and Path(given).resolve() != suite:
            yield given


def _said(option: str, value: str | None) -> tuple[str, ...]:
    return (option, value) if value else ()
