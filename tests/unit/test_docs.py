"""The documentation says what is true: its records conform, its code resolves, its commands exist."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from logconform.cli import main
from logconform.config import load_config
from logconform.records import Place, read_line
from logconform.schemas import check_record, kind_of

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^ *(?P<ticks>```+)(?P<language>\w+)\n(?P<text>.*?)^ *(?P=ticks)$", re.MULTILINE | re.DOTALL)
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/index.md")),
    *sorted((ROOT / "docs/guide").glob("*.md")),
    *sorted((ROOT / "docs/how-to").glob("*.md")),
]


class Block(NamedTuple):
    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(language: str) -> list[Block]:
    found = []
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        for match in FENCE.finditer(page):
            if match["language"] == language:
                line = page.count("\n", 0, match.start()) + 1
                found.append(Block(str(path.relative_to(ROOT)), line, match["text"]))
    return found


def piped(line: str) -> list[list[str]]:
    """Return the words of each command in a line of shell, without its comment."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|")
    lexer.whitespace_split = True
    return [list(words) for bar, words in groupby(lexer, key=lambda word: word == "|") if not bar]


def commands(program: str) -> list[tuple[str, list[str]]]:
    """Every command line of *program* in a shell block, with the place it stands."""
    found = []
    for block in blocks("bash"):
        for line in block.text.splitlines():
            for words in piped(line):
                if words[:1] == [program]:
                    found.append((str(block), words[1:]))
    return found


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_every_record_of_the_guide_conforms(block: Block) -> None:
    """A record that the guide shows has no defect and no finding, spread over lines or not."""
    reading = read_line(block.text.replace("\n", " ").strip().encode() + b"\n", Place(str(block), block.line, 0))
    assert reading.record is not None
    assert reading.defects == ()
    assert check_record(reading.record)[1] == []


def test_the_guide_shows_each_kind_of_record() -> None:
    """Each kind that has a schema of its own is shown, but for the rare ending that Celery has no word for."""
    shown = set()
    for block in blocks("json"):
        reading = read_line(block.text.replace("\n", " ").encode() + b"\n", Place(str(block), block.line, 0))
        assert reading.record is not None
        shown.add(kind_of(reading.record))
    schemas = {path.name.removesuffix(".schema.json") for path in (ROOT / "schemas").glob("*.schema.json")}
    assert schemas - shown == {"catalog", "conformance-report", "diff", "logconform-config", "record", "task-ended"}


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_every_python_example_compiles(block: Block) -> None:
    """An example is whole: it can be pasted."""
    compile(block.text, str(block), "exec")


def test_every_import_of_an_example_resolves(tmp_path: Path) -> None:
    """What an example imports is there. A process of its own: importing the worker connects signals."""
    imports = {
        ast.unparse(node)
        for block in blocks("python")
        for node in ast.walk(ast.parse(block.text))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "__future__" not in ast.unparse(node)
    }
    program = "\n".join(sorted(imports))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("place", "words"), commands("logconform"))
def test_every_logconform_command_exists(place: str, words: list[str]) -> None:
    """A documented command parses, with its options."""
    command = main.get_command(click.Context(main), words[0])
    assert command is not None, place
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize(("place", "words"), commands("make"))
def test_every_make_target_exists(place: str, words: list[str]) -> None:
    """A documented target is in the Makefile, and `make help` tells what it does."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{words[0]}:.*## \S", makefile, re.MULTILINE), place


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_every_configuration_example_is_accepted(block: Block, tmp_path: Path) -> None:
    """A documented configuration has no unknown key and no wrong value."""
    (tmp_path / "pyproject.toml").write_text(block.text, encoding="utf-8")
    assert load_config(tmp_path).source == tmp_path / "pyproject.toml"


@pytest.mark.parametrize("path", PAGES[:2], ids=lambda path: path.name)
def test_every_link_of_a_page_outside_the_site_resolves(path: Path) -> None:
    """The README's own links lead to files of the repository; MkDocs checks the other pages."""
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_lock_pins_every_package_and_names_no_index() -> None:
    """`requirements.lock` is versions only, so that it installs from any index."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+(; .+)?", line)] == []


def test_the_readme_shows_what_a_failing_verdict_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The excerpt is the command's own output, but for the table: every line of it, in its order."""
    from click.testing import CliRunner

    from logconform.cli import main
    from logconform.contract import load_contract

    [violating] = [each for each in load_contract().examples_of("CTX005") if each.kind == "violates"]
    (tmp_path / "worker.log").write_text(violating.text, "utf-8")
    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(main, ["check", "worker.log"]).output.splitlines()
    excerpt = (ROOT / "README.md").read_text("utf-8").split("```text\n")[1].split("```")[0].splitlines()
    assert [line for line in printed if line in excerpt and line] == [line for line in excerpt if line]
