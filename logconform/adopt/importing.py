"""Whether a candidate is what it seems: imported in a process of its own, as the worker will import it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from logconform.lab.process_environment import worker_environment

SECONDS = 60.0
"""How long an app may take to be imported."""
LINES_SHOWN = 6
_SCRIPT = """
import importlib, json, sys, traceback
module, attribute, answer = sys.argv[1:]
told = {}
try:
    found = importlib.import_module(module)
    for name in attribute.split("."):
        found = getattr(found, name)
    from celery import Celery
    told["kind"] = "app" if isinstance(found, Celery) else type(found).__name__
except BaseException as error:
    told = {"error": type(error).__name__, "message": str(error)[:500], "missing": getattr(error, "name", None)}
    told["where"] = [f"{each.filename}:{each.lineno}" for each in traceback.extract_tb(error.__traceback__)
                     if "importlib" not in each.filename and each.filename != "<string>"][-1:]
with open(answer, "w", encoding="utf-8") as file:
    json.dump(told, file)
"""


class NotAnApp(Exception):
    """What was named can't be imported, or is no Celery app. The text says why, and what to do."""


def check_app(app: str, folder: Path) -> None:
    """
    Import *app* (`MODULE:ATTR`) from *folder*, and see that it is a Celery app.

    Raises:
        NotAnApp: If it can't be imported within a minute, or is something else.
    """
    module, _, attribute = app.partition(":")
    try:
        told = _imported(module, attribute, folder)
    except subprocess.TimeoutExpired:
        raise NotAnApp(f"{app}: is still being imported after {SECONDS:g} s; {_WAITS}") from None
    except _Ended as ended:
        raise NotAnApp(f"{app}: its import ended the process with {ended}") from None
    if "error" in told:
        raise NotAnApp(f"{app}: {_why(told, module, attribute)}")
    if told["kind"] != "app":
        raise NotAnApp(f"{app}: is no Celery app, but of type {told['kind']}; name another by --app MODULE:ATTR")


class _Ended(Exception):
    """The process gave no answer. The text has its exit code, and what it wrote last."""


def _imported(module: str, attribute: str, folder: Path) -> dict[str, Any]:
    """Import it in a process of its own, and return what that tells; what is printed there is no answer."""
    with tempfile.TemporaryDirectory(prefix="logconform-") as place:
        answer = Path(place) / "answer"
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, module, attribute, str(answer)],
            cwd=folder,
            env=worker_environment(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if answer.is_file() and (text := answer.read_text("utf-8")):
            told: dict[str, Any] = json.loads(text)
            return told
    tail = done.stderr.decode("utf-8", "replace").strip().splitlines()[-LINES_SHOWN:]
    raise _Ended("".join([f"exit code {done.returncode}", *(f"\n   | {line}" for line in tail)]))


_WAITS = "an import must not wait for anything, such as a database: start what it waits for, or set what it needs"


def _why(told: dict[str, Any], module: str, attribute: str) -> str:
    error, message, missing = told["error"], told["message"], told.get("missing") or ""
    where = f"\n  --> {told['where'][0]}" if told["where"] else ""
    top = missing.partition(".")[0]
    if error == "ModuleNotFoundError" and module.partition(".")[0] == top:
        fix = "install the service beside logconform (`pip install -e .`), or run `logconform init` in the folder above"
        return f"there is no module {missing} here\n   = fix: {fix} {top}/"
    if error == "ModuleNotFoundError":
        return (
            f"its import needs the module {missing}, which is not installed here{where}\n"
            "   = fix: install what the service needs beside logconform, such as `pip install -r requirements.txt`"
        )
    if error == "AttributeError" and attribute in message and not where:
        return f"there is no {attribute} in {module}\n   = fix: name the app by --app MODULE:ATTR"
    if error == "KeyError":
        return f"its import looked for {message} and did not find it{where}\n   = fix: {_SETTINGS.format(message)}"
    return f"its import raised {error}: {message}{where}\n   = fix: {_SETTINGS.format('what it needs')}"


_SETTINGS = "set {} as for the worker, such as `NAME=value logconform init`"
