"""
What a service says about itself: `logconform.toml`, or `[tool.logconform]` in `pyproject.toml`.

`schemas/logconform-config.schema.json` says what may stand there; this module
finds the file, lets the schema judge it, and turns the first fault into one
sentence with a remedy.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

DEFAULT_PROFILES = ("core", "retry", "safety", "runtime")
"""Profiles judged where nothing else is said."""
OPTIONS_PLACES = ("{options}", "{include}")
"""Either of them in `worker_command` says where the lab's options go; without one they are appended."""
WORKER_PLACEHOLDERS = (
    "options",
    "pool",
    "concurrency",
    "loglevel",
    "hostname",
    "include",
    "broker",
    "result_backend",
)
"""What may stand in braces in `worker_command`."""


class ConfigError(ValueError):
    """The configuration can't be used. Its text names the file, the fault and the remedy."""


@dataclass(frozen=True, slots=True)
class Task:
    """One of the service's own tasks, and what to call it with."""

    name: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """
    A violation that is accepted for now.

    `until` is the last day on which it is, `count` how many faults are; None is any number.
    """

    requirement: str
    reason: str
    until: date | None = None
    environment: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of a service; every default is what an empty file means."""

    source: Path | None = None
    app: str | None = None
    adapter: str | None = None
    worker_command: tuple[str, ...] = ()
    pools: tuple[str, ...] = ("prefork",)
    brokers: tuple[str, ...] = ("embedded",)
    profiles: tuple[str, ...] = DEFAULT_PROFILES
    log_file: Path | None = None
    tasks: Mapping[str, Task] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


def load_config(start: Path) -> Config:
    """
    Return the configuration that holds in the folder *start*.

    The nearest file wins, from *start* up to the folder with `.git`; without
    such a folder only *start* is looked at. In one folder `logconform.toml`
    goes before `pyproject.toml`. No file at all means the defaults.

    Raises:
        ConfigError: If the file can't be read, is not TOML, or says something
            that logconform doesn't know.
    """
    for folder in _folders(start.resolve()):
        own, shared = folder / "logconform.toml", folder / "pyproject.toml"
        if own.is_file():
            return _config(own, *_read(own))
        if shared.is_file():
            text, content = _read(shared)
            tools = content.get("tool")
            table = tools.get("logconform") if isinstance(tools, dict) else None
            if table is not None:
                return _config(shared, text, table)
    return Config()


def check_requirements(config: Config, known: Sequence[str]) -> None:
    """
    Refuse waivers of requirements that are not among *known*.

    Raises:
        ConfigError: With the requirement that is probably meant.
    """
    for waiver in config.waivers:
        if waiver.requirement not in known:
            source = config.source or Path("configuration")
            text = source.read_text("utf-8", "replace") if source.is_file() else ""
            line = _line(text, re.escape(waiver.requirement))
            hint = suggestion(waiver.requirement, known)
            raise ConfigError(
                f"{source}{line}: waivers: no requirement {waiver.requirement}{hint or '; see the contract'}"
            )


def whereabouts(config: Config, key: str) -> str:
    """Return where *key* is set, as `file:line`; for a configuration without a file, its name in words."""
    if config.source is None:
        return f"the configuration's {key}"
    text = config.source.read_text("utf-8", "replace") if config.source.is_file() else ""
    return f"{config.source}{_Fault('', key).line_in(text)}: {key}"


def suggestion(word: object, known: Sequence[str]) -> str:
    """
    Return ` (did you mean …?)` for the one of *known* that is like *word*, else nothing.

    >>> suggestion("wavers", ["pools", "waivers"])
    ' (did you mean waivers?)'
    """
    close = get_close_matches(str(word), known, n=1) or get_close_matches(str(word).upper(), known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _folders(start: Path) -> list[Path]:
    folders = [start, *start.parents]
    for index, folder in enumerate(folders):
        if (folder / ".git").exists():
            return folders[: index + 1]
    return [start]


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror}); check its permissions") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None


def _config(path: Path, text: str, table: Any) -> Config:
    plain = _plain(table)
    for fault in _faults(plain):
        raise ConfigError(f"{path}{fault.line_in(text)}: {fault.message}")
    for fault in _placeholder_faults(plain.get("worker_command", ())):
        raise ConfigError(f"{path}{fault.line_in(text)}: {fault.message}")
    tasks = {
        role: Task(each["name"], each.get("kwargs", {}), tuple(each.get("args", ())))
        for role, each in plain.get("tasks", {}).items()
    }
    named = [role for role in tasks if role not in plain.get("profiles", ())]
    return Config(
        source=path,
        app=plain.get("app"),
        adapter=plain.get("adapter"),
        worker_command=tuple(plain.get("worker_command", ())),
        pools=_distinct(plain.get("pools", ["prefork"])),
        brokers=_distinct(plain.get("brokers", ["embedded"])),
        profiles=_distinct([*plain.get("profiles", DEFAULT_PROFILES), *named]),
        log_file=path.parent / plain["log_file"] if "log_file" in plain else None,
        tasks=tasks,
        waivers=tuple(_waiver(path, text, each) for each in plain.get("waivers", ())),
    )


def _waiver(path: Path, text: str, entry: Mapping[str, Any]) -> Waiver:
    until = entry.get("until")
    try:
        day = date.fromisoformat(until) if until else None
    except ValueError:
        line = _line(text, re.escape(str(until)))
        raise ConfigError(f"{path}{line}: waivers.until: there is no {until}; {_REMEDIES['until']}") from None
    return Waiver(entry["requirement"], entry["reason"], day, entry.get("environment"), entry.get("count"))


@dataclass(frozen=True, slots=True)
class _Fault:
    message: str
    word: str
    """What to look for in the file to name its line: a key, or a value."""

    def line_in(self, text: str) -> str:
        word = re.escape(self.word)
        return _line(text, rf"""^\s*["']?{word}["']?\s*=|^\s*\[.*\b{word}\b.*\]|["']{word}["']|\b{word}\s*=""")


def _faults(table: Any) -> Iterator[_Fault]:
    """Every fault that the schema finds, in the order of the file's keys."""
    from jsonschema import Draft202012Validator  # slow to import: only where there is a file

    errors = Draft202012Validator(_schema()).iter_errors(table)
    for error in sorted(errors, key=lambda each: [str(part) for part in each.absolute_path]):
        yield _explained(error)


def _placeholder_faults(command: Sequence[str]) -> Iterator[_Fault]:
    """Yield what looks like a placeholder, and is none; braces of other kinds are the command's own matter."""
    for name in re.findall(r"(?<!\$)\{(\w+)\}", " ".join(command)):
        hint = suggestion(name, WORKER_PLACEHOLDERS)
        if name not in WORKER_PLACEHOLDERS and hint:
            known = ", ".join(f"{{{each}}}" for each in WORKER_PLACEHOLDERS)
            yield _Fault(f"worker_command: no placeholder {{{name}}}{hint}; known are {known}", "worker_command")


def _explained(error: Any) -> _Fault:
    keys = [str(part) for part in error.absolute_path if isinstance(part, str)]
    where, last = ".".join(keys), (keys or ["logconform"])[-1]
    prefix = f"{where}: " if where else ""
    value = error.instance
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = next(key for key in value if key not in known)
        hint = suggestion(unknown, known)
        thing = "role" if where == "tasks" else "key"
        return _Fault(f"{prefix}unknown {thing} {unknown!r}{hint}; known are {', '.join(known)}", unknown)
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in value)
        return _Fault(f"{prefix}{missing!r} is missing; add it", last)
    if error.validator == "enum":
        known = error.validator_value
        thing, hint = last.removesuffix("s"), suggestion(value, known)
        return _Fault(f"{prefix}unknown {thing} {value!r}{hint}; known are {', '.join(known)}", str(value))
    if error.validator == "type":
        return _Fault(f"{prefix}must be {_TYPES[error.validator_value]}, not {_type_of(value)}", last)
    remedy = _REMEDIES.get(last, "see the schema of the configuration")
    if error.validator in {"minLength", "minItems"}:
        return _Fault(f"{prefix}must not be empty; leave it out, or fill it in", last)
    return _Fault(f"{prefix}{value!r} can't be used; {remedy}", last)


_TYPES = {"string": "a string", "array": "an array", "object": "a table", "integer": "an integer"}
_REMEDIES = {
    "app": "write MODULE:ATTR, such as billing.celery_app:app",
    "adapter": "write MODULE:ATTR, such as billing.logs:adapter",
    "brokers": 'write "embedded" or a URL, such as redis://localhost:6379/0',
    "requirement": "write an identifier, such as CTX005",
    "until": "write a date as YYYY-MM-DD",
    "count": "write how many faults are accepted, 1 or more",
}


def _type_of(value: Any) -> str:
    names = {bool: "a boolean", str: "a string", int: "an integer", float: "a float", list: "an array", dict: "a table"}
    return names.get(type(value), type(value).__name__)


def _plain(value: Any) -> Any:
    """Turn TOML's own dates into text, as the schema expects it."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _schema() -> dict[str, Any]:
    from logconform.schemas import schema_folder  # slow to import, too

    schema: dict[str, Any] = json.loads((schema_folder() / "logconform-config.schema.json").read_text("utf-8"))
    return schema


def _line(text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return f":{text.count(chr(10), 0, found.start() + len(found[0]) - len(found[0].lstrip())) + 1}" if found else ""


def _distinct(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
