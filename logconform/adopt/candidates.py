"""
Where in a repository a Celery app may be, told from its source: nothing is imported.

A candidate is a name that is given a `Celery(...)` at the top of a module, or
what a factory such as `make_celery()` returns.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from logconform.adopt.hints import Hint
from logconform.adopt.walk import files_of

APP, FACTORY = "app", "factory"
USUAL_NAMES = ("app", "celery", "celery_app")
"""What the name of an app usually is; Celery itself looks for the first two."""
_FACTORY = re.compile(r"(?:make|create|get|init|build|setup|configure|new)_?celery(?:_?app)?|celery_?factory", re.I)
_MODULE = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that may be a Celery app: its module, as it is imported, and where it stands."""

    module: str
    attribute: str
    path: Path
    line: int
    kind: str = APP
    hints: tuple[Hint, ...] = ()

    @property
    def app(self) -> str:
        """The app as the command line takes it."""
        return f"{self.module}:{self.attribute}"

    @property
    def weight(self) -> tuple[int, ...]:
        """What ranks it: named by how the service is started, an app beyond doubt, usually named, near the top."""
        usual = self.attribute in USUAL_NAMES
        celery = "celery" in self.module.lower() or "worker" in self.module.lower()
        return (len(self.hints) > 0, self.kind == APP, usual, celery, -len(self.path.parts))

    def __str__(self) -> str:
        named = ", ".join(dict.fromkeys(each.path.as_posix() for each in self.hints))
        kind = "" if self.kind == APP else ", made by a factory"
        return f"{self.app} ({self.path.as_posix()}:{self.line}{kind}{f'; named in {named}' if named else ''})"


def candidates(folder: Path, hints: Iterable[Hint] = ()) -> list[Candidate]:
    """Return the candidates below *folder*, the likeliest first; *hints* say what the service's own commands start."""
    known = list(hints)
    found = [each for path in files_of(folder, ".py") for each in _in_file(folder, path)]
    named = [replace(each, hints=tuple(hint for hint in known if _means(hint, each))) for each in found]
    return sorted(named, key=lambda each: ([-part for part in each.weight], each.app))


def winner(ranked: list[Candidate]) -> Candidate | None:
    """Return the candidate that stands out: alone, alone named by a command, or the only one that is no factory's."""
    if len(ranked) < 2:
        return ranked[0] if ranked else None
    first, second = ranked[0], ranked[1]
    return first if first.weight[:2] != second.weight[:2] else None


def _means(hint: Hint, candidate: Candidate) -> bool:
    """Whether `--app` with *hint* starts *candidate*; Celery looks into a package and its `celery` module."""
    module, attribute = candidate.module, candidate.attribute
    if hint.attribute is not None:
        return (hint.module, hint.attribute) == (module, attribute)
    if hint.module in {f"{module}.{attribute}", f"{module.removesuffix('.celery')}.{attribute}"}:
        return True
    return hint.module in {module, module.removesuffix(".celery")}


def _in_file(folder: Path, path: Path) -> Iterator[Candidate]:
    source = path.read_bytes()
    if b"elery" not in source:
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return  # another Python's, or a template: no module of this service
    module = _module_of(folder, path)
    if module is None:
        return
    makers = _Makers.of(tree)
    for statement in _top_level(tree.body):
        for name, value in _assigned(statement):
            if kind := makers.kind_of(value):
                yield Candidate(module, name, path.relative_to(folder), statement.lineno, kind)


def _module_of(folder: Path, path: Path) -> str | None:
    """Return a file's module as it is imported, counted from where its package begins; None where it can't be one."""
    root = path.parent
    while root != folder and (root / "__init__.py").is_file():
        root = root.parent
    if not (path.parent / "__init__.py").is_file():  # a script, or a package without that file
        root = next((folder / each for each in ("src", "lib") if folder / each in path.parents), folder)
    parts = path.relative_to(root).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) if parts and all(map(_MODULE.fullmatch, parts)) else None


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is imported, also under `if`, `try` and `with`."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _top_level(getattr(statement, part, ()))
            for handler in getattr(statement, "handlers", ()):
                yield from _top_level(handler.body)


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        targets, value = statement.targets, statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets, value = [statement.target], statement.value
    else:
        return
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, value


@dataclass(frozen=True, slots=True)
class _Makers:
    """The names by which a module calls `Celery`, and its own functions that return one."""

    classes: frozenset[str]
    factories: frozenset[str]

    @classmethod
    def of(cls, tree: ast.Module) -> _Makers:
        names = {"celery.Celery"}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "celery":
                names |= {each.asname or each.name for each in node.names if each.name == "Celery"}
            elif isinstance(node, ast.Import):
                names |= {f"{each.asname}.Celery" for each in node.names if each.name == "celery" and each.asname}
            elif isinstance(node, ast.ClassDef) and any(_called(base) in names for base in node.bases):
                names.add(node.name)
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        made = {each.name for each in functions if any(_makes(node, names) for node in ast.walk(each))}
        return cls(frozenset(names), frozenset(made))

    def kind_of(self, value: ast.expr) -> str | None:
        """Return what an assigned value makes of its name: an app, a factory's product, or nothing of interest."""
        if isinstance(value, ast.Subscript):
            return FACTORY if "celery" in ast.unparse(value.slice).lower() else None  # Flask's `extensions["celery"]`
        if not isinstance(value, ast.Call):
            return None
        called = _called(value.func)
        if called in self.classes:
            return APP
        last = called.rpartition(".")[2]
        return FACTORY if last in self.factories or _FACTORY.fullmatch(last) else None


def _makes(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and _called(node.func) in names


def _called(node: ast.expr) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
