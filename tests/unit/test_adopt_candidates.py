"""Finding the Celery app of a repository: in every usual layout, from its source alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from logconform.adopt.candidates import candidates, winner
from logconform.adopt.hints import hints, other_command

APP = "from celery import Celery\napp = Celery('shop')\n"
FACTORY = "from flask_shop import make_celery\ncelery = make_celery()\n"
OWN_FACTORY = """
from celery import Celery

def build(name) -> Celery:
    made = Celery(name)
    return made

worker = build("shop")
"""

NESTED = """
from celery import Celery

if True:
    try:
        app = Celery()
    except ImportError:
        pass
"""

LAYOUTS = [
    ({"tasks.py": APP}, ["tasks:app"]),
    ({"shop/__init__.py": "", "shop/celery.py": APP}, ["shop.celery:app"]),
    ({"shop/__init__.py": APP}, ["shop:app"]),
    ({"src/shop/__init__.py": "", "src/shop/celery.py": APP}, ["shop.celery:app"]),
    ({"src/shop/celery.py": APP}, ["shop.celery:app"]),
    ({"shop/celery.py": APP}, ["shop.celery:app"]),
    ({"services/shop/pkg/__init__.py": "", "services/shop/pkg/worker.py": APP}, ["pkg.worker:app"]),
    ({"worker.py": "import celery\napp: celery.Celery = celery.Celery()\n"}, ["worker:app"]),
    ({"worker.py": "import celery as c\nqueue = c.Celery()\n"}, ["worker:queue"]),
    ({"worker.py": "from celery import Celery as C\nqueue = C()\n"}, ["worker:queue"]),
    ({"worker.py": "from celery import Celery\nclass Mine(Celery):\n    pass\napp = Mine()\n"}, ["worker:app"]),
    ({"worker.py": NESTED}, ["worker:app"]),
    ({"worker.py": FACTORY}, ["worker:celery"]),
    ({"worker.py": OWN_FACTORY}, ["worker:worker"]),
    ({"worker.py": "celery = flask_app.extensions['celery']\n"}, ["worker:celery"]),
    ({"worker.py": "from celery import Celery\ndef f():\n    app = Celery()\n"}, []),
    ({"worker.py": "from shop.celery import app\n"}, []),
    ({"worker.py": "from celery import Celery\napp = Celery(\n"}, []),
    ({"not-a-module.py": APP}, []),
    ({"tests/celery.py": APP, "test_app.py": APP, "conftest.py": APP}, []),
    ({".hidden/celery.py": APP, "node_modules/x/celery.py": APP, "env3/pyvenv.cfg": "", "env3/celery.py": APP}, []),
]  # fmt: skip


def repository(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize(("files", "apps"), LAYOUTS)
def test_an_app_is_found_where_it_is_made(tmp_path: Path, files: dict[str, str], apps: list[str]) -> None:
    """At the top of a module, by the class or a factory; not in tests, environments or hidden folders."""
    assert [each.app for each in candidates(repository(tmp_path, files))] == apps


def test_a_candidate_says_where_it_stands(tmp_path: Path) -> None:
    """Whoever has to choose sees the place, and which file starts it."""
    files = {"shop/__init__.py": "", "shop/celery.py": APP, "Procfile": "worker: celery -A shop worker\n"}
    [found] = candidates(repository(tmp_path, files), hints(tmp_path))
    assert str(found) == "shop.celery:app (shop/celery.py:2; named in Procfile)"
    [made] = candidates(repository(tmp_path / "other", {"worker.py": FACTORY}))
    assert str(made) == "worker:celery (worker.py:2, made by a factory)"


STARTED = [
    ("Procfile", "worker: celery -A shop worker -l INFO\n", ("shop", None)),
    ("Dockerfile", 'CMD ["celery", "-A", "shop.celery:app", "worker"]\n', ("shop.celery", "app")),
    ("deploy/Dockerfile.worker", 'CMD ["celery", "--app", "shop.celery", "worker"]\n', ("shop.celery", None)),
    ("docker-compose.yml", "services:\n  w:\n    command: celery --app=shop worker\n", ("shop", None)),
    ("compose.prod.yaml", "command:\n  - celery\n  - -A\n  - shop\n  - worker\n", ("shop", None)),
    ("Makefile", "worker:\n\tpoetry run celery -A shop worker\n", ("shop", None)),
    ("shop.service", "ExecStart=/srv/venv/bin/celery --quiet -A shop.celery worker\n", ("shop.celery", None)),
    (".github/workflows/ci.yml", "      - run: celery -A shop worker --detach\n", ("shop", None)),
    ("start.sh", "exec celery \\\n  -A shop worker\n", ("shop", None)),
]


@pytest.mark.parametrize(("name", "text", "named"), STARTED)
def test_what_starts_the_worker_names_the_app(
    tmp_path: Path, name: str, text: str, named: tuple[str, str | None]
) -> None:
    """However it is written, `--app` is read from it, and decides among several."""
    files = {"shop/__init__.py": "", "shop/celery.py": APP, "legacy.py": APP, name: text}
    [found] = hints(repository(tmp_path, files))
    assert (found.path.as_posix(), found.module, found.attribute) == (name, *named)
    chosen = winner(candidates(tmp_path, [found]))
    assert chosen is not None
    assert chosen.app == "shop.celery:app"


def test_other_programs_give_no_hints(tmp_path: Path) -> None:
    """`-A` means something else to others."""
    files = {
        "Makefile": "all:\n\tdocker ps -A shop\n\tpip install celery && ls -A shop\n",
        "README.md": "celery -A shop",
    }
    assert hints(repository(tmp_path, files)) == []


CHOICES = [
    ({"a.py": APP}, "a:app"),
    ({"a.py": APP, "b.py": FACTORY}, "a:app"),
    ({"a.py": APP, "b.py": APP}, None),
    ({"a.py": FACTORY, "b.py": FACTORY}, None),
    ({"a.py": APP, "b.py": APP, "Procfile": "worker: celery -A b worker"}, "b:app"),
    ({"a.py": APP, "b.py": APP, "Procfile": "a: celery -A a worker\nb: celery -A b worker"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("files", "app"), CHOICES)
def test_only_a_clear_winner_is_taken(tmp_path: Path, files: dict[str, str], app: str | None) -> None:
    """Alone, alone started, or the only one that is no factory's; else somebody has to say."""
    chosen = winner(candidates(repository(tmp_path, files), hints(tmp_path)))
    assert (chosen and chosen.app) == app


COMMANDS = [
    ("worker: celery -A shop worker\n", None),
    ("web: gunicorn shop\n", None),
    ("worker: newrelic-admin run-program celery -A shop worker\n", None),
    ("web: x\nworker: python -m shop.worker --loud\n", "python -m shop.worker --loud"),
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_a_worker_that_starts_in_another_way_is_noticed(tmp_path: Path, text: str, command: str | None) -> None:
    """Whether that command takes the lab's options nobody can tell: it is only mentioned."""
    found = other_command(repository(tmp_path, {"Procfile": text}))
    assert found == (None if command is None else (Path("Procfile"), command))
