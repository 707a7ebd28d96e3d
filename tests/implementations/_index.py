"""What there is to run: implementations by name, and the one requirement that each violates."""

from __future__ import annotations

import ast
from pathlib import Path

FOLDER = Path(__file__).parent
UNJUDGED = frozenset({"dies_at_start", "floods", "hangs_before_every_task", "logs_plain_text", "never_logs"})
"""Broken as a whole: they violate everything, or nothing can be judged."""
FLAKY = frozenset({"completes_every_second_run_twice"})
"""Break their requirement in some runs only."""
POOLS = {"thread_shared_context": "threads"}
"""The pool on which a fault shows, where it does not on every one; `prefork` for all others."""

LOG_FILE = "logs/worker.log"
"""Where those write that write a file."""


def app_of(name: str) -> str:
    """Return what to pass to `celery --app` for an implementation.

    >>> app_of("completes_twice")
    'tests.implementations.completes_twice:app'
    """
    return f"tests.implementations.{name}:app"


def writes_file(name: str) -> bool:
    """Whether an implementation writes `LOG_FILE` in its working directory as well."""
    return "_file_worker import" in (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def is_traced(name: str) -> bool:
    """Whether an implementation uses OpenTelemetry, and is to be judged for the profile `tracing`."""
    return "_traced_worker import" in (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def _requirement_of(module: Path) -> str | None:
    """Return the module's `VIOLATES`, read without importing it: that would connect its signals here."""
    for statement in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == ["VIOLATES"]:
            value = ast.literal_eval(statement.value)
            return None if value is None else str(value)
    raise ValueError(f"{module.name} does not say what it violates: VIOLATES = ...")


CASES: dict[str, str | None] = {module.stem: _requirement_of(module) for module in sorted(FOLDER.glob("[!_]*.py"))}
"""Name to requirement; None where it conforms, and for those of `UNJUDGED`."""

CONFORMING = tuple(name for name, requirement in CASES.items() if requirement is None and name not in UNJUDGED)
BROKEN = {name: requirement for name, requirement in CASES.items() if requirement is not None and name not in FLAKY}
