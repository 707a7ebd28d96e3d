"""The environment variables of a process of the lab."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path


def worker_environment(cwd: Path, *layers: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment for a worker in *cwd*, with *layers* on top.

    Without pytest's own variables, and with *cwd* and the home of logconform at the front of PYTHONPATH. The home is
    left out where it is site-packages: it would move every package there in front of the standard library. *cwd* is
    left out where a `logging.py` of the service's own would hide Python's: Celery looks there for the app by itself,
    and the oracle puts it last.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    for layer in layers:
        env.update(layer)
    home = str(Path(__file__).resolve().parents[2])
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    if sys.prefix != sys.base_prefix:  # `celery` and `python` are then those of this environment, activated or not
        env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    own = [] if _hides_python(cwd) else [str(cwd)]
    paths = [*own, *([home] if home not in installed else []), env.get("PYTHONPATH", "")]
    env["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return env


def _hides_python(folder: Path) -> bool:
    """Whether a module in *folder* has the name of one of the standard library's; `test` is everybody's."""
    modules = [*folder.glob("*.py"), *(package.parent for package in folder.glob("*/__init__.py"))]
    return any(module.stem in sys.stdlib_module_names - {"test"} for module in modules)
