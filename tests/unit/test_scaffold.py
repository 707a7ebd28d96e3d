"""New services: names, the template's files and history, where logconform comes from, and what the command says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from logconform import __version__
from logconform.cli import main
from logconform.scaffold import origin
from logconform.scaffold.history import History, HistoryError
from logconform.scaffold.names import _NAME as NAME
from logconform.scaffold.names import NameRefused, package_of
from logconform.scaffold.origin import makefile_of
from logconform.scaffold.template import BROKERS, POOLS, PROFILES, template_files

ROOT = Path(__file__).parents[2]
QUESTIONS = yaml.safe_load((ROOT / "copier.yml").read_text("utf-8"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that nothing was done in, and a user whom git doesn't know."""
    home = tmp_path / "home of mine"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "LOGCONFORM_TEMPLATE", "GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return home


def new(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["new", *arguments])


def read(path: Path) -> str:
    return path.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "package"), [("billing", "billing"), ("mail-sender", "mail_sender"), ("a1_b2", "a1_b2")]
)
def test_a_name_gives_a_package(name: str, package: str) -> None:
    """Dashes, which no module may have, become underscores."""
    assert package_of(name) == package


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Mail Sender", "such as mail-sender"),
        ("2fa", "such as fa"),
        ("a--b", "such as a-b"),
        ("../x", "such as x"),
        ("", "begin with a letter"),
        ("import", "it is a word of Python's own"),
        ("email", "Python's own module email could not be imported any more"),
        ("redis", "the service needs the package redis itself"),
        ("reports", "reports/ is another folder of the service"),
    ],
)
def test_a_name_that_does_harm_is_refused(name: str, reason: str) -> None:
    """The message says why, and what would do."""
    with pytest.raises(NameRefused) as refused:
        package_of(name)
    assert reason in str(refused.value)


def test_the_questions_are_those_of_the_command_line() -> None:
    """`copier copy` and `logconform new` take the same answers."""
    assert tuple(QUESTIONS["broker"]["choices"].values()) == BROKERS
    assert tuple(QUESTIONS["pools"]["choices"]) == POOLS
    assert tuple(QUESTIONS["profiles"]["choices"].values()) == PROFILES
    assert f"'^{NAME.pattern}$'" in QUESTIONS["name"]["validator"]


def test_every_module_of_the_log_core_is_copied() -> None:
    """The list in `copier.yml` is the folder: a module that is added comes along."""
    listed = QUESTIONS["vendored"]["default"].split("[")[1].split("]")[0].replace(" ", "").split(",")
    folder = {path.stem for path in (ROOT / "reference_worker/logging").glob("*.py")} - {"__init__"}
    assert set(listed) == folder


def test_the_template_asks_for_the_logconform_that_it_comes_with() -> None:
    """The range that a service depends on holds this version, and ends before the next that may break it."""
    major, minor, *_ = __version__.split(".")
    assert QUESTIONS["logconform"]["default"] == f"logconform>={major}.{minor},<{major}.{int(minor) + 1}"


def test_a_version_is_kept_once(tmp_path: Path) -> None:
    """The same content has the same tag; other content of the same version has a tag that comes after."""
    history = History(tmp_path / "kept")
    first = history.remember("0.1.0", {"copier.yml": b"1"})
    assert [first, history.remember("0.1.0", {"copier.yml": b"1"})] == ["v0.1.0", "v0.1.0"]
    assert history.remember("0.1.0", {"copier.yml": b"2", "template/{= a =} b": b""}) == "v0.1.0.post1"
    assert history.remember("0.2.0", {"copier.yml": b"1"}) == "v0.2.0"
    assert history.remember("0.1.0", {"copier.yml": b"1"}) == "v0.1.0"
    assert sorted(history.tags()) == ["v0.1.0", "v0.1.0.post1", "v0.2.0"]


def test_a_version_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """Its commit follows from its content alone."""

    def commit(folder: str) -> bytes:
        History(tmp_path / folder).remember("0.1.0", template_files())
        return subprocess.check_output(["git", "-C", str(tmp_path / folder), "rev-parse", "v0.1.0"], timeout=30)

    assert commit("here") == commit("there")


def test_without_git_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git gets a sentence, not a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HistoryError, match=r"git is missing: .*apt install git"):
        History(tmp_path / "kept").remember("0.1.0", {})


@pytest.mark.parametrize(
    ("direct", "requirement", "place"),
    [
        ({"url": "file:///a%20b/x.whl", "archive_info": {}}, "file:///a%20b/x.whl", "/a b/x.whl"),
        ({"url": "file:///src", "dir_info": {"editable": True}}, "file:///src", "/src"),
        ({"url": "file:///s$p%23q", "dir_info": {}}, "file:///s%24p%23q".replace("#", r"\#"), r"/s\$$p\#q"),
        ({"url": "https://example.org/x.whl", "archive_info": {}}, "https://example.org/x.whl", None),
        (
            {"url": "https://example.org/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}, "subdirectory": "py"},
            r"git+https://example.org/x@abc\#subdirectory=py",
            None,
        ),
    ],
)
def test_the_makefile_names_where_logconform_was_installed_from(
    direct: dict[str, Any], requirement: str, place: str | None
) -> None:
    """A wheel, a folder, an address or a commit; make looks whether a local one is still there."""
    lines = makefile_of(direct).splitlines()[1:]
    assert lines == [
        f"LOGCONFORM ?= logconform @ {requirement}",
        *([f"LOGCONFORM_AT := {place}"] if place else []),
    ]


def test_a_service_says_nothing_of_the_machine_it_was_made_on(home: Path, tmp_path: Path) -> None:
    """Its answers name the template below the home folder, by version; nothing else is machine-bound but local.mk."""
    made = new("billing")
    assert made.exit_code == 0, made.output
    answers = yaml.safe_load(read(tmp_path / "billing/.copier-answers.yml"))
    assert answers == {
        "_src_path": "~/.local/share/logconform/template",
        "_commit": f"v{__version__}",
        "name": "billing",
        "broker": "redis",
        "pools": ["prefork"],
        "profiles": [],
        "vendor": False,
    }
    texts = [path for path in (tmp_path / "billing").rglob("*") if path.is_file() and path.name != "local.mk"]
    assert [path for path in texts if str(tmp_path) in read(path)] == []


def test_data_goes_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`$XDG_DATA_HOME` holds for the template's history too."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert new("billing").exit_code == 0
    assert (tmp_path / "data/logconform/template/.git").is_dir()


def test_a_copied_core_is_the_reference_workers(tmp_path: Path) -> None:
    """With --vendor each module is the original, byte for byte, but for the package's name."""
    assert new("mail-sender", "--vendor").exit_code == 0
    copies = tmp_path / "mail-sender/mail_sender/logging"
    originals = ROOT / "reference_worker/logging"
    assert {path.name for path in copies.iterdir()} == {*(path.name for path in originals.glob("*.py")), "LICENSE"}
    for path in originals.glob("*.py"):
        assert read(copies / path.name) == read(path).replace("reference_worker", "mail_sender"), path.name


def test_a_service_shares_its_code_with_the_reference_worker(tmp_path: Path) -> None:
    """What both have is the same, but for names; what differs in the app and the settings is exactly this."""
    assert new("billing", "--profile", "progress").exit_code == 0
    for name in ("worker.py", "tasks/progress.py", "tasks/__init__.py"):
        ours = read(ROOT / "reference_worker" / name).replace("reference_worker", "billing")
        assert read(tmp_path / "billing/billing" / name) == ours
    assert differing("celery_app.py", tmp_path) == (
        ['        "billing.tasks.email",', '        "billing.tasks.data",', '        "billing.tasks.unreliable",'],
        [
            '        "billing.tasks.delivery",',
            '        "billing.tasks.imports",',
            '        "billing.tasks.reports",',
            "    beat_schedule={",
            '        "remove-old-reports": {"task": "remove_old_reports", "schedule": 24 * 60 * 60},',
            "    },",
        ],
    )
    assert differing("settings.py", tmp_path) == (
        [
            '    database_url: str = "sqlite:///worker.db"',
            '    """SQLAlchemy\'s spelling: `postgresql+psycopg://…` for PostgreSQL."""',
            '    smtp_host: str = "localhost"',
            "    smtp_port: int = 25",
            "    smtp_timeout_seconds: float = 10",
            '    mail_sender: str = "no-reply@ghostworks.example"',
            '    verification_url: str = "https://ghostworks.example/verify"',
            '    service_name: str = "worker"',
        ],
        [
            '    reports_folder: str = "reports"',
            "    reports_kept_days: float = 30",
            '    delivery_url: str = "http://localhost:8080/reports"',
            "    delivery_timeout_seconds: float = 10",
            '    service_name: str = "billing"',
        ],
    )


def differing(name: str, folder: Path) -> tuple[list[str], list[str]]:
    """Return the lines that only the reference worker has, and those that only the service has."""
    theirs = read(ROOT / "reference_worker" / name).replace("reference_worker", "billing").splitlines()
    ours = read(folder / "billing/billing" / name).splitlines()
    return [line for line in theirs if line not in ours], [line for line in ours if line not in theirs]


def test_a_service_depends_on_what_logconform_does(tmp_path: Path) -> None:
    """The lowest versions are the same: what is tested here holds there."""
    import tomllib

    assert new("billing", "--vendor", *(f"--profile={each}" for each in PROFILES), "--pool=gevent").exit_code == 0
    ours = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    known = {*ours["dependencies"], *(each for extra in ours["optional-dependencies"].values() for each in extra)}
    theirs = tomllib.loads(read(tmp_path / "billing/pyproject.toml"))["project"]
    assert set(theirs["dependencies"]) - known == set()
    assert set(theirs["optional-dependencies"]["dev"]) - known == {QUESTIONS["logconform"]["default"]}
    assert theirs["requires-python"] == ours["requires-python"]


def test_a_copied_core_needs_nothing_but_what_is_declared(tmp_path: Path) -> None:
    """With --vendor the service imports neither logconform nor the reference worker."""
    assert new("billing", "--vendor").exit_code == 0
    imported = set()
    for path in (tmp_path / "billing/billing").rglob("*.py"):
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Import):
                imported |= {each.name.split(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    others = imported - sys.stdlib_module_names - {"billing"}
    assert others == {"billiard", "celery", "orjson", "pydantic", "pydantic_settings", "structlog"}  # celery's billiard


def test_an_origin_that_is_over_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that gets logconform from an index now is not kept at the wheel of then; a hand-written file stays."""
    written = makefile_of({"url": "file:///x.whl", "archive_info": {}})
    monkeypatch.setattr(origin, "_direct_url", lambda: None)
    (tmp_path / "local.mk").write_text(written, "utf-8")
    origin.note_origin(tmp_path)
    assert not (tmp_path / "local.mk").exists()
    (tmp_path / "local.mk").write_text("LOGCONFORM := mine\n", "utf-8")
    origin.note_origin(tmp_path)
    assert read(tmp_path / "local.mk") == "LOGCONFORM := mine\n"


def test_an_update_needs_git(tmp_path: Path) -> None:
    """Where nothing could be undone, nothing is changed."""
    assert new("billing").exit_code == 0
    refused = new("--update", "--output", "billing")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "Error: Updating is only supported in git-tracked subprojects.\n",
    )


def test_options_are_answers(tmp_path: Path) -> None:
    """Each option arrives where it belongs; none of the files of what was not chosen is there."""
    arguments = ("--broker", "rabbitmq", "--pool", "threads", "--pool", "solo", "--profile", "tracing")
    assert new("billing", "--output", "elsewhere", *arguments).exit_code == 0
    made = tmp_path / "elsewhere"
    assert 'broker_url: str = "amqp://guest:guest@localhost:5672//"' in read(made / "billing/settings.py")
    assert 'pools = ["threads", "solo"]\nbrokers = ["embedded", "rabbitmq"]' in read(made / "pyproject.toml")
    assert "from billing import tracing, worker" in read(made / "billing/celery_app.py")
    assert sorted(path.name for path in (made / "billing/tasks").iterdir()) == [
        "__init__.py",
        "delivery.py",
        "maintenance.py",
        "reports.py",
    ]


@pytest.mark.parametrize(
    "options", [(), ("--vendor", "--broker=rabbitmq", *(f"--profile={each}" for each in PROFILES))]
)
def test_what_is_made_is_whole(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Every Python file compiles, and is in ruff's format; YAML and TOML parse; no template syntax is left."""
    assert new("mail-sender", *options).exit_code == 0
    made = tmp_path / "mail-sender"
    files = [path for path in made.rglob("*") if path.is_file()]
    assert [path for path in files if "{=" in read(path) or "{%" in read(path) or not read(path).endswith("\n")] == []
    for path in files:
        if path.suffix in {".yml", ".yaml"}:
            yaml.safe_load(read(path))
    ruff = str(Path(sys.executable).with_name("ruff"))
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *command, "--no-cache", "."], cwd=made, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the service: logconform new NAME"),
        (("Billing",), "'Billing' can't be a service's name: "),
        (("there",), "there: is there already; name another with --output, or overwrite what is in it with --force"),
        (("a-file",), "a-file: is there already"),
        (("billing", "--template", "nowhere/at/all"), "nowhere/at/all"),
        (("--update",), ".copier-answers.yml: is not there; --update is for services that `logconform new` made"),
        (("billing", "--update"), "--update takes no name"),
        (("billing", "--pool", "eventlet"), "'eventlet' is not one of"),
    ],
)
def test_what_can_not_be_done_is_told(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """One sentence and exit code 2; nothing is written."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there/kept.txt").touch()
    (tmp_path / "a-file").touch()
    before = sorted(tmp_path.iterdir())
    refused = new(*arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert message in refused.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_force_overwrites(tmp_path: Path) -> None:
    """What is in the folder and not in the template stays."""
    (tmp_path / "billing").mkdir()
    (tmp_path / "billing/kept.txt").touch()
    (tmp_path / "billing/README.md").write_text("mine\n", "utf-8")
    assert new("billing", "--force").exit_code == 0
    assert (tmp_path / "billing/kept.txt").exists()
    assert read(tmp_path / "billing/README.md").startswith("# billing\n")
