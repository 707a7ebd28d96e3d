"""The tools that are measured beside each other, and how each is called."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from logconform.schemas import schema_folder
from tests.benchmarks.measure import CommandFailed

HERE = Path(__file__).parent
SCHEMA = schema_folder() / "record.schema.json"
JSONSCHEMA_RECORDS = 5_000

OURS = "logconform check"
PARSE_ONLY = "orjson.loads only"
AJV = "Ajv 8 on Node"
SOURCEMETA = "sourcemeta jsonschema"
JSONSCHEMA = "Python jsonschema"

_NPM_SECONDS = 180
_PACKAGES = ("ajv@8", "@sourcemeta/jsonschema@16")
_ALL_PROFILES = '["core", "retry", "progress", "resource", "safety", "runtime", "tracing"]'


@dataclass(frozen=True, slots=True)
class Contender:
    """A tool and its command; `count` reads from its output how many records it accepted."""

    name: str
    command: tuple[str, ...]
    processes: int
    count: Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Missing:
    """A tool that can't be run here, and why."""

    name: str
    reason: str


class Stage:
    """The folder in which everything runs: the samples, the tools, and a configuration that judges all profiles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "logconform.toml").write_text(f"profiles = {_ALL_PROFILES}\n", encoding="utf-8")

    def sample(self, records: int, seed: int, faults: Sequence[str] = ()) -> Path:
        """Return a generated sample, made now if it isn't there yet. Its name ends in .jsonl: sourcemeta wants that."""
        path = self.folder / "-".join(["sample", str(records), f"seed{seed}", *faults, "v1.jsonl"])
        if not path.exists():
            unfinished = path.with_suffix(".part")
            told = [f"--fault={fault}" for fault in faults]
            options = ["--records", str(records), "--seed", str(seed), "--output", str(unfinished), *told]
            subprocess.run([sys.executable, "-m", "tests.benchmarks.sample", *options], check=True, cwd=HERE.parents[1])
            unfinished.rename(path)
        return path

    def ours(self, sample: Path, jobs: int) -> tuple[str, ...]:
        """Return the command that judges a sample with all rules."""
        return sys.executable, "-m", "logconform", "check", str(sample), "--jobs", str(jobs)

    def contenders(self, sample: Path, jobs: int) -> list[Contender | Missing]:
        """Return all tools, ours first."""
        python = sys.executable
        parse = (python, str(HERE / "parse_only.py"), str(sample), "--jobs", str(jobs))
        slow = (python, str(HERE / "jsonschema_only.py"), str(SCHEMA), str(sample), f"--records={JSONSCHEMA_RECORDS}")
        return [
            Contender(OURS, self.ours(sample, jobs), jobs, _judged),
            Contender(PARSE_ONLY, parse, jobs, _accepted),
            *self._of_node(sample),
            Contender(JSONSCHEMA, slow, 1, _accepted),
        ]

    def _of_node(self, sample: Path) -> list[Contender | Missing]:
        """Return the tools that npm installs."""
        node, reason = shutil.which("node"), self._install()
        if node is None or reason:
            return [Missing(name, reason or "node is not on the PATH") for name in (AJV, SOURCEMETA)]
        script = self.folder / HERE.joinpath("ajv_only.cjs").name  # Node looks for packages beside the script
        shutil.copyfile(HERE / "ajv_only.cjs", script)
        ajv = (node, str(script), str(SCHEMA), str(sample))
        binary = str(self.folder / "node_modules" / ".bin" / "jsonschema")
        sourcemeta = (binary, "validate", "--fast", str(SCHEMA), str(sample))
        return [Contender(AJV, ajv, 1, _accepted), Contender(SOURCEMETA, sourcemeta, 1, _validated)]

    def _install(self) -> str:
        """Install what is missing; return why that isn't possible, if it isn't."""
        if (self.folder / "node_modules" / ".bin" / "jsonschema").exists():
            return ""
        npm = shutil.which("npm")
        if npm is None:
            return "npm is not on the PATH"
        command = [npm, "install", "--prefix", str(self.folder), "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            subprocess.run(
                [*command, *_PACKAGES], cwd=self.folder, check=True, capture_output=True, timeout=_NPM_SECONDS
            )
        except (subprocess.SubprocessError, OSError) as fault:
            return f"npm could not install it: {type(fault).__name__}"
        return ""

    def versions(self) -> dict[str, str]:
        """Return the versions of the tools that npm installed, and of Node."""
        found: dict[str, str] = {}
        for package in ("ajv", "@sourcemeta/jsonschema"):
            told = self.folder / "node_modules" / package / "package.json"
            if told.exists():
                found[package] = str(json.loads(told.read_text(encoding="utf-8"))["version"])
        node = shutil.which("node")
        if node is not None:
            found["node"] = subprocess.run(
                [node, "--version"], capture_output=True, text=True, check=True
            ).stdout.strip()
        return found


def _judged(output: str) -> int:
    found = re.search(r"([\d,]+) records", output)
    if found is None:
        raise CommandFailed(f"the report does not say how many records there were: {output[:500]}")
    return int(found[1].replace(",", ""))


def _accepted(output: str) -> int:
    told = json.loads(output)
    return int(told["records"] - told["refused"])


def _validated(output: str) -> int:
    found = re.search(r"(\d+) passed, 0 failed", output)
    return int(found[1]) if found else 0
