"""The configuration: where it is found, what it means, and how faults are told."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from logconform.config import (
    DEFAULT_PROFILES,
    Config,
    ConfigError,
    Task,
    Waiver,
    check_requirements,
    load_config,
    suggestion,
    whereabouts,
)
from logconform.contract import load_contract

WHOLE = """\
app = "billing.celery_app:app"
adapter = "billing.logs:adapter"
worker_command = ["python", "-m", "billing.worker"]
pools = ["prefork", "gevent", "prefork"]
brokers = ["embedded", "redis://localhost:6379/0"]
profiles = ["core", "tracing"]
log_file = "logs/worker.log"

[tasks.progress]
name = "billing.import_month"
kwargs = { month = "2025-01" }
args = [1]

[tasks.resource]
name = "billing.render"

[[waivers]]
requirement = "FMT017"
reason = "a C library prints"
until = 2026-12-31

[[waivers]]
requirement = "CTX012"
reason = "next quarter"
until = "2026-06-30"
environment = "gevent-*"
count = 2
"""


def own(folder: Path, text: str) -> Path:
    path = folder / "logconform.toml"
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    """A service needs no configuration to start with."""
    assert load_config(tmp_path) == Config()
    assert Config() == Config(
        source=None,
        app=None,
        adapter=None,
        worker_command=(),
        pools=("prefork",),
        brokers=("embedded",),
        profiles=("core", "retry", "safety", "runtime"),
        log_file=None,
        tasks={},
        waivers=(),
    )


def test_every_key_is_read(tmp_path: Path) -> None:
    """Each key has its field; `progress` and `resource` are judged because their tasks are named."""
    path = own(tmp_path, WHOLE)
    assert load_config(tmp_path) == Config(
        source=path,
        app="billing.celery_app:app",
        adapter="billing.logs:adapter",
        worker_command=("python", "-m", "billing.worker"),
        pools=("prefork", "gevent"),
        brokers=("embedded", "redis://localhost:6379/0"),
        profiles=("core", "tracing", "progress", "resource"),
        log_file=tmp_path / "logs/worker.log",
        tasks={
            "progress": Task("billing.import_month", {"month": "2025-01"}, (1,)),
            "resource": Task("billing.render", {}, ()),
        },
        waivers=(
            Waiver("FMT017", "a C library prints", date(2026, 12, 31)),
            Waiver("CTX012", "next quarter", date(2026, 6, 30), "gevent-*", 2),
        ),
    )


def test_pyproject_holds_it_too(tmp_path: Path) -> None:
    """`[tool.logconform]` means what the file of its own does."""
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text('[project]\nname = "x"\n[tool.logconform]\napp = "a:b"\n', "utf-8")
    assert load_config(tmp_path) == Config(source=pyproject, app="a:b")


def test_the_file_of_its_own_goes_first(tmp_path: Path) -> None:
    """Of two in one folder, logconform.toml wins."""
    (tmp_path / "pyproject.toml").write_text('[tool.logconform]\napp = "a:b"\n', "utf-8")
    own(tmp_path, 'app = "c:d"\n')
    assert load_config(tmp_path).app == "c:d"


def test_the_nearest_file_up_to_the_repository_wins(tmp_path: Path) -> None:
    """A folder without one looks above itself, and never above the repository."""
    repository, service = tmp_path / "repository", tmp_path / "repository" / "services" / "billing"
    service.mkdir(parents=True)
    own(tmp_path, 'app = "outside:app"\n')
    assert load_config(service).app is None
    (repository / ".git").mkdir()
    assert load_config(service).app is None
    own(repository, 'app = "repository:app"\n')
    assert load_config(service).app == "repository:app"
    (service / "pyproject.toml").write_text('[project]\nname = "billing"\n', "utf-8")
    assert load_config(service).app == "repository:app"
    own(service, 'app = "billing:app"\n')
    assert load_config(service).app == "billing:app"


PROFILE_CASES = [
    ("", DEFAULT_PROFILES),
    ('profiles = ["tracing"]', ("tracing",)),
    ('tasks.progress.name = "a"', (*DEFAULT_PROFILES, "progress")),
    ('profiles = ["resource"]\ntasks.resource.name = "a"', ("resource",)),
]


@pytest.mark.parametrize(("text", "profiles"), PROFILE_CASES)
def test_profiles_are_judged_when_listed_or_when_their_task_is_named(
    tmp_path: Path, text: str, profiles: tuple[str, ...]
) -> None:
    """Naming a task of a role declares the role's profile."""
    own(tmp_path, text)
    assert load_config(tmp_path).profiles == profiles


KEYS = "adapter, app, brokers, log_file, pools, profiles, tasks, waivers, worker_command"
FAULTS = [
    ("\nwavers = []", 2, f"unknown key 'wavers' (did you mean waivers?); known are {KEYS}"),
    ("zzz = 1", 1, f"unknown key 'zzz'; known are {KEYS}"),
    ("app = 3", 1, "app: must be a string, not an integer"),
    ('app = "billing"', 1, "app: 'billing' can't be used; write MODULE:ATTR, such as billing.celery_app:app"),
    ('worker_command = "python x"', 1, "worker_command: must be an array, not a string"),
    (
        'app = "a:b"\nworker_command = ["./start.sh", "-c={concurency}"]',
        2,
        "worker_command: no placeholder {concurency} (did you mean concurrency?); known are {options}, {pool}, "
        "{concurrency}, {loglevel}, {hostname}, {include}, {broker}, {result_backend}",
    ),
    ("pools = []", 1, "pools: must not be empty; leave it out, or fill it in"),
    (
        'app = "a:b"\npools = ["prefrok"]',
        2,
        "pools: unknown pool 'prefrok' (did you mean prefork?); "
        "known are prefork, prefork-spawn, threads, solo, gevent",
    ),
    (
        'profiles = ["trcing"]',
        1,
        "profiles: unknown profile 'trcing' (did you mean tracing?); "
        "known are core, retry, progress, resource, safety, runtime, tracing",
    ),
    (
        'brokers = ["localhost"]',
        1,
        "brokers: 'localhost' can't be used; write \"embedded\" or a URL, such as redis://localhost:6379/0",
    ),
    (
        '[tasks.progres]\nname = "a"',
        1,
        "tasks: unknown role 'progres' (did you mean progress?); known are progress, resource",
    ),
    ("[tasks.progress]\nargs = []", 1, "tasks.progress: 'name' is missing; add it"),
    (
        '[tasks.progress]\nname = "a"\nkwarg = {}',
        3,
        "tasks.progress: unknown key 'kwarg' (did you mean kwargs?); known are args, kwargs, name",
    ),
    ('[[waivers]]\nrequirement = "FMT017"', 1, "waivers: 'reason' is missing; add it"),
    (
        '[[waivers]]\nrequirement = "fmt-17"\nreason = "x"',
        2,
        "waivers.requirement: 'fmt-17' can't be used; write an identifier, such as CTX005",
    ),
    (
        '[[waivers]]\nrequirement = "FMT017"\nreason = "x"\nuntil = "soon"',
        4,
        "waivers.until: 'soon' can't be used; write a date as YYYY-MM-DD",
    ),
    (
        '[[waivers]]\nrequirement = "FMT017"\nreason = "x"\nuntil = "2026-02-30"',
        4,
        "waivers.until: there is no 2026-02-30; write a date as YYYY-MM-DD",
    ),
    (
        '[[waivers]]\nrequirement = "FMT017"\nreason = "x"\ncount = 0',
        4,
        "waivers.count: 0 can't be used; write how many faults are accepted, 1 or more",
    ),
    (
        '[[waivers]]\nrequirement = "FMT017"\nreason = "x"\ncount = "2"',
        4,
        "waivers.count: must be an integer, not a string",
    ),
]


@pytest.mark.parametrize(("text", "line", "message"), FAULTS)
def test_a_fault_names_file_line_and_remedy(tmp_path: Path, text: str, line: int, message: str) -> None:
    """One sentence says what is wrong where, and what to write instead."""
    path = own(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value) == f"{path}:{line}: {message}"


def test_a_fault_in_pyproject_names_its_line_there(tmp_path: Path) -> None:
    """Lines count from the file's start, not the table's."""
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "x"\n\n[tool.logconform]\npols = ["solo"]\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value).startswith(f"{path}:5: unknown key 'pols' (did you mean pools?)")


def test_what_is_not_toml_is_told(tmp_path: Path) -> None:
    """TOML's own message has the line."""
    path = own(tmp_path, "app = \n")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value) == f"{path}: is not TOML: Invalid value (at line 1, column 7)"


def test_what_is_not_text_is_told(tmp_path: Path) -> None:
    """A file in another encoding is no traceback."""
    path = tmp_path / "logconform.toml"
    path.write_bytes(b"app = '\xff'")
    with pytest.raises(ConfigError, match=r"is not UTF-8; save it as UTF-8$"):
        load_config(tmp_path)
    assert path.exists()


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    """`logconform` must be a table."""
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool]\nlogconform = 3\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value) == f"{path}:2: must be a table, not an integer"


def test_waivers_of_unknown_requirements_are_refused(tmp_path: Path) -> None:
    """A waiver with a slip in its name would waive nothing."""
    path = own(tmp_path, '[[waivers]]\nrequirement = "CXT005"\nreason = "x"\n')
    with pytest.raises(ConfigError) as caught:
        check_requirements(load_config(tmp_path), ["CTX005", "FMT001"])
    assert str(caught.value) == f"{path}:2: waivers: no requirement CXT005 (did you mean CTX005?)"


def test_the_schema_knows_the_contracts_profiles() -> None:
    """The profiles of the configuration are those of the contract."""
    path = Path(__file__).parents[2] / "schemas" / "logconform-config.schema.json"
    schema = json.loads(path.read_text("utf-8"))
    assert schema["properties"]["profiles"]["items"]["enum"] == list(load_contract().profiles)
    for key, default in (("profiles", DEFAULT_PROFILES), ("pools", Config().pools), ("brokers", Config().brokers)):
        assert schema["properties"][key]["default"] == list(default)


def test_braces_of_other_kinds_are_the_commands_own(tmp_path: Path) -> None:
    """A shell's variables, and words that are like no placeholder."""
    own(tmp_path, 'worker_command = ["sh", "-c", "exec run ${pool} ${pools} {a,b} {json}"]')
    assert load_config(tmp_path).worker_command[2] == "exec run ${pool} ${pools} {a,b} {json}"


def test_a_key_has_a_place(tmp_path: Path) -> None:
    """For messages that are known only when the worker starts."""
    path = own(tmp_path, 'app = "a:b"\nworker_command = ["x"]')
    assert whereabouts(load_config(tmp_path), "worker_command") == f"{path}:2: worker_command"
    assert whereabouts(Config(), "worker_command") == "the configuration's worker_command"


def test_suggestions_ignore_case() -> None:
    """`ctx005` means CTX005; what is like nothing suggests nothing."""
    assert suggestion("ctx005", ["CTX005"]) == " (did you mean CTX005?)"
    assert suggestion("zzz", ["CTX005"]) == ""
