"""The contract: requirements read out of the pages in `docs/contract`, which are their single source.

A page is any Markdown file of that folder except `index.md`. Its front matter names the area, each of its level-2
headings is one requirement, and the first paragraph below a heading is the normative statement. So a requirement is
added by writing its sentence; what does not read as one is refused with file, line and remedy.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from logconform.shipped import shipped

_LEVEL_WORD = re.compile(r"\b(MUST|SHALL|SHOULD|REQUIRED|RECOMMENDED|MAY|OPTIONAL)\b")  # RFC 2119, section 1 to 5
_LEVEL_AT_FRONT = re.compile(r"^(?:MUST|SHOULD):\s+")
_HEADING = re.compile(r"^## (?P<id>[A-Z]+[0-9]{3}): (?P<title>.+?)(?:\s*\{\s*#(?P<anchor>\S+)\s*\})?\s*$")
_BOUNDARY = re.compile(r"##[^#]|#+ [A-Z]+[0-9]{3}\b")  # of any level: what is meant as a requirement is not lost
_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<language>[\w-]*)\s*$")
_LABEL = re.compile(r"^\*\*(?P<label>Why\.|Conforms|Violates)\*\*")

Kind = Literal["conforms", "violates"]
_KINDS: Mapping[str, Kind] = {"Conforms": "conforms", "Violates": "violates"}


class Level(StrEnum):
    """How binding a requirement is: a broken MUST is a violation, a broken SHOULD a warning."""

    MUST = "MUST"
    SHOULD = "SHOULD"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement.

    `statement` is plain text without its level word; code spans keep their backticks. `page` is relative to `docs/`,
    and `line` (1-based) is that of the heading.
    """

    id: str
    area: str
    level: Level
    title: str
    statement: str
    profile: str
    page: str
    line: int


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced block of a requirement. `text` ends with a newline; `line` (1-based) is that of its first line."""

    kind: Kind
    language: str
    text: str
    line: int


class Area(NamedTuple):
    """What the front matter of a page says about its area."""

    title: str
    profile: str


class ContractError(Exception):
    """A page, a schema or a rule that does not read as part of a contract. `line` is 1-based."""

    def __init__(self, path: Path, line: int, message: str, remedy: str) -> None:
        super().__init__(f"{path}:{line}: {message}; {remedy}")
        self.path = path
        self.line = line
        self.message = message
        self.remedy = remedy


class UnknownRequirement(LookupError):
    """No requirement has this identifier. `suggestions` are the nearest that exist, best first."""

    def __init__(self, identifier: str, suggestions: list[str]) -> None:
        nearest = " or ".join(suggestions)
        hint = f"did you mean {nearest}?" if nearest else "the contract's pages name them all"
        super().__init__(f"no requirement is called {identifier}; {hint}")
        self.identifier = identifier
        self.suggestions = suggestions


@dataclass(frozen=True, slots=True)
class _Page:
    """A page whose front matter has been read. `lines` hold the whole file."""

    path: Path
    lines: tuple[str, ...]
    about: Mapping[str, str]

    def required(self, key: str) -> str:
        if not self.about.get(key):
            raise ContractError(self.path, 1, f"the front matter has no {key}", f"add a line `{key}: ...` to it")
        return self.about[key]

    def line_of(self, key: str) -> int:
        return next(number for number, line in enumerate(self.lines, start=1) if line.startswith(f"{key}:"))


@dataclass(frozen=True, slots=True)
class _Section:
    """A level-2 heading of a page and what stands below it, as (line number, text) pairs."""

    page: _Page
    line: int
    heading: str
    body: tuple[tuple[int, str], ...]

    def error(self, message: str, remedy: str, line: int | None = None) -> ContractError:
        return ContractError(self.page.path, line or self.line, message, remedy)


class Contract(Mapping[str, Requirement]):
    """All requirements by identifier, in the order of the areas and, within one, of its page.

    >>> contract = load_contract()
    >>> contract["CTX005"].level
    <Level.MUST: 'MUST'>
    >>> contract.areas["CTX"]
    Area(title='Context binding', profile='core')
    >>> contract.profiles["runtime"]
    ('SINK', 'LIFE')
    """

    def __init__(self, index: _Page, pages: Mapping[str, _Page]) -> None:
        profiles = _names(index.required("profiles"))
        areas = {code: _area(page, profiles) for code, page in pages.items()}
        self.version = index.required("contract_version")
        self.areas: Mapping[str, Area] = MappingProxyType(areas)
        self.profiles: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {name: tuple(code for code, area in areas.items() if area.profile == name) for name in profiles}
        )
        self._requirements: dict[str, Requirement] = {}
        self._sections: dict[str, _Section] = {}
        for code, page in pages.items():
            for section in _sections(page):
                self._add(_requirement(section, code, areas[code].profile), section)

    def __getitem__(self, identifier: str) -> Requirement:
        return self._requirements[identifier]

    def __iter__(self) -> Iterator[str]:
        return iter(self._requirements)

    def __len__(self) -> int:
        return len(self._requirements)

    def find(self, identifier: str) -> Requirement:
        """Return the requirement, whatever the case of *identifier*.

        Raises:
            UnknownRequirement: If there is none. Carries the nearest identifiers.
        """
        requirement = self._requirements.get(identifier.strip().upper())
        if requirement is None:
            raise UnknownRequirement(identifier, self.suggest(identifier))
        return requirement

    def suggest(self, identifier: str) -> list[str]:
        """Return up to three identifiers near to *identifier*, best first.

        >>> load_contract().suggest("CTXT005")[0]
        'CTX005'
        """
        return difflib.get_close_matches(identifier.strip().upper(), self._requirements, n=3)

    def why_of(self, identifier: str) -> str:
        """Return the reason that the page gives, as plain text; empty where it gives none."""
        reasons = (text for _, text in _paragraphs(self._sections[identifier].body) if text.startswith("**Why.**"))
        return _plain(next(reasons, "").removeprefix("**Why.**").strip())

    def examples_of(self, identifier: str) -> list[Example]:
        """Return the fenced blocks below **Conforms** and **Violates**, in the page's order."""
        return list(_examples(self._sections[identifier]))

    def _add(self, requirement: Requirement, section: _Section) -> None:
        first = self._sections.get(requirement.id)
        if first is not None:
            raise section.error(
                f"{requirement.id} is already defined at {first.page.path}:{first.line}",
                "give this requirement the next free identifier of its area",
            )
        self._requirements[requirement.id] = requirement
        self._sections[requirement.id] = section


def load_contract(folder: Path | None = None) -> Contract:
    """
    Read the contract from *folder*, or the one that came with this installation (read once, then kept).

    Raises:
        ContractError: If a page does not read as part of a contract.

    >>> load_contract()["FMT016"].statement
    'within one execution, timestamps do not go backwards from record to record.'
    """
    return _installed_contract() if folder is None else _read_contract(folder)


@cache
def _installed_contract() -> Contract:
    return _read_contract(shipped("contract", "docs/contract"))


def _read_contract(folder: Path) -> Contract:
    index_path = folder / "index.md"
    if not index_path.is_file():
        raise ContractError(index_path, 1, "the contract has no index page", "write it, with `contract_version` in it")
    index = _page(index_path)
    pages: dict[str, _Page] = {}
    for path in sorted(folder.glob("*.md")):
        if path != index_path:
            page = _page(path)
            code = page.required("area")
            if code in pages:
                raise ContractError(
                    path, page.line_of("area"), f"area {code} has a page already: {pages[code].path}", "use that one"
                )
            pages[code] = page
    if not pages:
        raise ContractError(index_path, 1, "no area has a page", "write one beside the index")
    # Areas that the index does not list come last: a new page needs no second entry.
    listed = [code for code in _names(index.about.get("areas", "")) if code in pages]
    return Contract(index, {code: pages[code] for code in dict.fromkeys([*listed, *pages])})


def _page(path: Path) -> _Page:
    # Not splitlines(), which also cuts where no editor counts a line (U+2028, form feed).
    lines = tuple(path.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n"))
    return _Page(path, lines, _front_matter(path, lines))


def _front_matter(path: Path, lines: tuple[str, ...]) -> dict[str, str]:
    """Read `key: value` lines between two `---`: all the YAML that the pages need."""
    if lines[0] != "---":
        raise ContractError(path, 1, "the page has no front matter", "begin it with `---`, `key: value` lines, `---`")
    about: dict[str, str] = {}
    for number, line in enumerate(lines[1:], start=2):
        if line == "---":
            return about
        key, colon, value = line.partition(":")
        if not colon or not key.isidentifier():
            raise ContractError(
                path, number, f"{line!r} is no front matter", "write `key: value`, or end it with `---`"
            )
        about[key] = value.strip().strip("\"'")
    raise ContractError(path, 1, "the front matter has no end", "end it with a line `---`")


def _area(page: _Page, profiles: tuple[str, ...]) -> Area:
    area = Area(page.required("title"), page.required("profile"))
    if area.profile not in profiles:
        raise ContractError(
            page.path,
            page.line_of("profile"),
            f"unknown profile {area.profile}",
            f"use one of {', '.join(profiles)}, or add it to `profiles` in index.md",
        )
    return area


def _sections(page: _Page) -> Iterator[_Section]:
    """Cut a page at its level-2 headings; what stands in a fence is no heading."""
    heading: tuple[int, str] | None = None
    body: list[tuple[int, str]] = []
    fence, opened = "", 0
    for number, line in enumerate(page.lines, start=1):
        before, fence = fence, _fence_after(line, fence)
        opened = number if fence and not before else opened
        if fence and _HEADING.match(line):
            break
        if fence or not _BOUNDARY.match(line):
            body.append((number, line))
            continue
        if heading:
            yield _Section(page, *heading, tuple(body))
        heading, body = (number, line), []
    if fence:
        raise ContractError(page.path, opened, "the fence has no end", f"close it with a line {fence}")
    if heading:
        yield _Section(page, *heading, tuple(body))


def _requirement(section: _Section, area: str, profile: str) -> Requirement:
    heading = _HEADING.match(section.heading)
    if heading is None:
        meant = re.match(r"#+ ([A-Z]+[0-9]{3})\b", section.heading)
        form = "`## {0}: Title {{ #{0} }}`".format(meant[1] if meant else f"{area}001")
        remedy = f"write {form}" if meant else f"write {form}, or use another level of heading"
        raise section.error(f"{section.heading!r} is not the heading of a requirement", remedy)
    identifier, anchor = heading["id"], heading["anchor"]
    if identifier[:-3] != area:
        raise section.error(f"{identifier} is not of this page's area {area}", "move it to the page of its area")
    if anchor not in (None, identifier):
        raise section.error(f"{identifier} has the anchor {anchor}", f"write {{ #{identifier} }}")
    level, statement = _statement(section, identifier)
    return Requirement(
        id=identifier,
        area=area,
        level=level,
        title=_plain(heading["title"]),
        statement=statement,
        profile=profile,
        page=f"contract/{section.page.path.name}",
        line=section.line,
    )


def _statement(section: _Section, identifier: str) -> tuple[Level, str]:
    line, paragraph = next(_paragraphs(section.body), (section.line, ""))
    if not paragraph or paragraph.startswith(("```", "#")) or _LABEL.match(paragraph):
        raise section.error(f"{identifier} has no statement", "write `**MUST:** ...` right below its heading")
    text = _plain(paragraph)
    words = _LEVEL_WORD.findall(text)
    if not words:
        raise section.error(
            f"the statement of {identifier} has no level", "begin it with `**MUST:**` or `**SHOULD:**`", line
        )
    if len(words) > 1:
        raise section.error(
            f"the statement of {identifier} has {len(words)} levels: {', '.join(words)}",
            "split it into one requirement for each, or keep one word",
            line,
        )
    if words[0] not in Level.__members__:
        raise section.error(f"the statement of {identifier} has the level {words[0]}", "use MUST or SHOULD", line)
    return Level(words[0]), _LEVEL_AT_FRONT.sub("", text)


def _examples(section: _Section) -> Iterator[Example]:
    kind: Kind | None = None
    fence, language, block = "", "", list[tuple[int, str]]()
    for number, line in section.body:
        before, fence = fence, _fence_after(line, fence)
        if fence and before:
            block.append((number, line))
        elif fence:
            opening = _FENCE.match(line)
            language, block = opening["language"] if opening else "", []
        elif before and kind and block:
            yield Example(kind, language, "".join(f"{text}\n" for _, text in block), block[0][0])
        elif label := _LABEL.match(line):
            kind = _KINDS.get(label["label"], kind)


def _paragraphs(body: tuple[tuple[int, str], ...]) -> Iterator[tuple[int, str]]:
    """Yield each run of lines that are not blank, joined, with the number of its first."""
    start, words = 0, list[str]()
    for number, line in (*body, (0, "")):
        if line.strip():
            start = start if words else number
            words.append(line.strip())
        elif words:
            yield start, " ".join(words)
            words = []


def _fence_after(line: str, fence: str) -> str:
    """Return the fence that is open after *line*, given the one open before; empty for none."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    if not fence:
        return match["ticks"]
    return "" if match["ticks"] == fence and not match["language"] else fence


def _plain(markdown: str) -> str:
    """Drop emphasis and link targets; what is in a code span stays as it is.

    >>> _plain("**MUST:** see [the *retry* area](retry.md), `2 ** n`")
    'MUST: see the retry area, `2 ** n`'
    """
    spans: list[str] = re.findall(r"`[^`]*`", markdown)
    text = re.sub(r"`[^`]*`", "\0", markdown)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    text = re.sub(r"(?<!\w)([*_])(\S(?:.*?\S)?)\1(?!\w)", r"\2", text)
    return re.sub("\0", lambda _: spans.pop(0), text)


def _names(listing: str) -> tuple[str, ...]:
    return tuple(name for name in re.split(r"[,\s]+", listing) if name)
