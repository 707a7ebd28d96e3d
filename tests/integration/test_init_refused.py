"""What `logconform init` says where it can't go on: the file, the fault, the remedy, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from logconform.adopt.command import Options, run
from logconform.adopt.importing import NotAnApp, check_app
from logconform.cli import main

APP = "from celery import Celery\napp = Celery('shop')\n"
WAIVED = 'app = "shop:app"\n\n[[waivers]]\nrequirement = "FMT001"\nreason = "x"\n'


def init(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", str(home), *arguments])


def repository(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


REFUSED = [
    ({}, [], "{home}: no Celery app found (nothing like `app = Celery(...)`); name it by --app MODULE:ATTR\n"),
    (
        {"a.py": APP, "b.py": APP},
        [],
        "{home}: several Celery apps; name one by --app MODULE:ATTR\n  a:app (a.py:2)\n  b:app (b.py:2)\n",
    ),
    (
        {"logconform.toml": WAIVED},
        [],
        "{home}/logconform.toml: has 1 waiver already; --update lowers counts and drops what covers nothing, "
        "--force accepts today's faults as well\n",
    ),
    (
        {"logconform.toml": WAIVED},
        ["--update", "--app", "bill:app"],
        "{home}/logconform.toml: names the app shop:app, not bill:app; change it there\n",
    ),
    ({"logconform.toml": "wavers = 1"}, [], "{home}/logconform.toml:1: unknown key 'wavers' (did you mean waivers?)"),
    ({"a.py": APP}, ["--only", "SAVE001"], "--only: no requirement is called SAVE001 (did you mean SAFE001?)"),
    (
        {"a.py": APP},
        ["--until", "2020-01-31"],
        "--until 2020-01-31: is past, so the waivers would fail the run",
    ),
    ({"a.py": APP}, ["--app", "a"], "--app a: must be MODULE:ATTR, such as billing.celery_app:app\n"),
    ({"a.py": APP}, ["--app", "a:nothing"], "a:nothing: there is no nothing in a\n   = fix: name the app by --app"),
]


@pytest.mark.parametrize(("files", "arguments", "message"), REFUSED)
def test_what_cannot_be_adopted_is_told_in_words(
    tmp_path: Path, files: dict[str, str], arguments: list[str], message: str
) -> None:
    """Exit code 2, a remedy, no traceback, and the folder as it was."""
    home = repository(tmp_path, files)
    before = sorted((path, path.read_bytes()) for path in home.rglob("*") if path.suffix in {".toml", ".py"})
    done = init(home, *arguments)
    assert done.exit_code == 2
    assert message.format(home=home) in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted((path, path.read_bytes()) for path in home.rglob("*") if path.suffix in {".toml", ".py"}) == before


UNIMPORTABLE = [
    ({"a.py": "import nowhere.at.all\n"}, "a:app", "its import needs the module nowhere, which is not installed here"),
    ({"src/shop/celery.py": APP}, "shop.celery:app", "there is no module shop here\n   = fix: install the service"),
    ({"a.py": "import os\nos.environ['SHOP_URL']\n"}, "a:app", "its import looked for 'SHOP_URL' and did not find it"),
    ({"a.py": "raise ValueError('no settings')\n"}, "a:app", "its import raised ValueError: no settings\n  --> "),
    ({"a.py": "app = 1\n"}, "a:app", "is no Celery app, but of type int; name another by --app MODULE:ATTR"),
    ({"a.py": "import os\nos._exit(4)\n"}, "a:app", "its import ended the process with exit code 4"),
    ({"a.py": "def f(:\n"}, "a:app", "its import raised SyntaxError: "),
]


@pytest.mark.parametrize(("files", "app", "message"), UNIMPORTABLE)
def test_why_an_app_cannot_be_imported_is_told_with_the_remedy(
    tmp_path: Path, files: dict[str, str], app: str, message: str
) -> None:
    """What is missing is named: a module, a setting, or the app itself."""
    with pytest.raises(NotAnApp) as caught:
        check_app(app, repository(tmp_path, files))
    assert str(caught.value).startswith(f"{app}: {message}")


def test_an_app_may_say_what_it_likes_while_it_is_imported(tmp_path: Path) -> None:
    """What is printed by the import, or exits at its end, is no answer."""
    check_app("a:app", repository(tmp_path, {"a.py": f"print('{{}}')\nimport atexit\n{APP}"}))


def test_somebody_may_choose_among_several(tmp_path: Path) -> None:
    """On a terminal the candidates are shown, the likeliest first, and the chosen one is taken."""
    home = repository(tmp_path, {"a.py": APP, "b.py": "from celery import Celery\nother = Celery()\nother = 1\n"})
    shown: list[str] = []

    def ask(choices: Sequence[str]) -> int:
        shown.extend(choices)
        return 1

    with pytest.raises(NotAnApp, match="b:other: is no Celery app"):
        run(Options(home), lambda _: None, ask)
    assert shown == ["a:app (a.py:2)", "b:other (b.py:2)"]
