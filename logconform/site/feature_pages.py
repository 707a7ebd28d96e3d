"""One reference page per feature: its text, each rule with its requirement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gherkin.errors import ParserError
from gherkin.parser import Parser

from logconform.site.markup import plain
from logconform.site.schema_pages import RequirementLink

Node = Mapping[str, Any]
_REQUIREMENT = re.compile(r"@([A-Z]+[0-9]{3})")


class BrokenFeature(Exception):
    """A feature file that can't be parsed."""


def feature_pages(folder: Path, link: RequirementLink) -> dict[str, str]:
    """
    Return the Markdown of each page by its name: `index.md`, and one for each feature in *folder*.

    Raises:
        BrokenFeature: If one of the files is not Gherkin. Names the file.
    """
    features = {path.stem: _Feature(path) for path in sorted(folder.glob("*.feature"))}
    pages = {f"{name}.md": feature.page(link) for name, feature in features.items()}
    rows = [f"| [{plain(each.title)}]({name}.md) | {plain(each.about)} |" for name, each in features.items()]
    table = "\n".join(["| feature | what it is about |", "|---|---|", *rows]) if rows else "There are none yet."
    index = "# Features\n\nWhat the lab does to a worker, in Gherkin: one feature for each area of the contract.\n\n"
    return {"index.md": index + table} | pages


class _Feature:
    """A parsed feature and the lines it came from."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        try:
            document: Node = Parser().parse(text)
        except ParserError as error:
            raise BrokenFeature(f"{path}: {error}") from error
        if "feature" not in document:
            raise BrokenFeature(f"{path}: there is no feature in it")
        self._file = path.name
        self._lines = text.splitlines()
        self._node: Node = document["feature"]
        self.title: str = self._node["name"]
        self.about = " ".join(self._node["description"].split())

    def page(self, link: RequirementLink) -> str:
        """Return the Markdown of the feature's page."""
        parts = [f"# {plain(self.title)}", plain(self.about), f"File `features/{self._file}`."]
        children = self._node["children"]
        for index, child in enumerate(children):
            end = _start(children[index + 1]) if index + 1 < len(children) else len(self._lines) + 1
            parts += self._rule(child["rule"], end, link) if "rule" in child else [self._fence(child, end)]
        return "\n\n".join(part for part in parts if part)

    def _rule(self, rule: Node, end: int, link: RequirementLink) -> Iterator[str]:
        names = [found for tag in rule["tags"] for found in _REQUIREMENT.findall(tag["name"])]
        yield f"## {plain(rule['name'])}" + (f" {{ #{names[0]} }}" if names else "")
        if names:
            yield f"Requirement {', '.join(link(name) for name in names)}."
        yield plain(" ".join(rule["description"].split()))
        children = rule["children"]
        for index, child in enumerate(children):
            yield self._fence(child, _start(children[index + 1]) if index + 1 < len(children) else end)

    def _fence(self, child: Node, end: int) -> str:
        lines = [line.rstrip() for line in self._lines[_start(child) - 1 : end - 1]]
        while lines and not lines[-1]:
            lines.pop()
        indent = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
        return "\n".join(["````gherkin", *(line[indent:] for line in lines), "````"])


def _start(child: Node) -> int:
    """Return the line (1-based) on which a child begins, its tags included."""
    node: Node = next(iter(child.values()))
    lines: list[int] = [each["location"]["line"] for each in (node, *node.get("tags", ()))]
    return min(lines)
