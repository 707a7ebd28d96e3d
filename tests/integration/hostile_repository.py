"""A repository whose own tests have everything that could get in the suite's way; whatever is touched raises."""

from __future__ import annotations

from pathlib import Path

ADDOPTS = "--cov --strict-markers -n auto --import-mode=importlib --no-such-option"
PYTEST_INI = f"[pytest]\naddopts = {ADDOPTS}\npython_files = check_*.py\nrequired_plugins = pytest-nowhere\n"
PYPROJECT = f'[project]\nname = "shop"\n\n[tool.pytest.ini_options]\naddopts = "{ADDOPTS}"\n'
RAISES = 'raise RuntimeError(f"{__file__} is for this repository\'s own tests")\n'
TAKEN = (
    "conftest.py",
    "features/__init__.py",
    "steps/__init__.py",
    "src/steps/__init__.py",
    "tests/__init__.py",
    "utils.py",
    "logging.py",
)
SHOP = """
from celery import Celery

app = Celery("shop")
"""
ADAPTER = """
import contextlib
import logging
from types import SimpleNamespace

adapter = SimpleNamespace(get_logger=logging.getLogger, log_context=lambda **_: contextlib.nullcontext())
"""
ENVIRONMENT = {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin"}


def write_repository(folder: Path) -> Path:
    """Write the repository, with `shop:app` and `voice:adapter`; whoever imports what only its own tests may, fails."""
    texts = {"pytest.ini": PYTEST_INI, "pyproject.toml": PYPROJECT, "shop.py": SHOP, "voice.py": ADAPTER}
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    for name in TAKEN:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(RAISES, "utf-8")
    return folder


def write_plugin(site: Path) -> Path:
    """Install a pytest plugin that raises in *site*, as pytest-randomly or pytest-django would be installed."""
    (site / "hostile_plugin.py").write_text(RAISES, "utf-8")
    about = site / "pytest_hostile-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-hostile\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text("[pytest11]\nhostile = hostile_plugin\n", "utf-8")
    return site
